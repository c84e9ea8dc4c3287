import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  listApplicationsOptions,
  listPoolsOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { chosen, REQUEST_TYPES } from "../../app/choices";
import { useSession } from "../../app/session";
import { useDebounced } from "../../app/useDebounced";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { useWords } from "../../i18n/words";
import type { FieldsProps } from "./fields";

/** For which unit. */
export function DepartmentField({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <Field label={t("field.department")} required error={fault("department")}>
      {(control) => (
        <NativeSelect
          {...control}
          value={draft.department}
          onChange={(department) => change({ department, application: "", pool: "", moveTo: "" })}
          options={session.departments.map((department) => ({
            value: department.name,
            label: department.displayName,
          }))}
        />
      )}
    </Field>
  );
}

/** What kind of request, and for which application. */
export function ApplicationFields({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <>
      <Field
        label={t("field.type")}
        hint={words("requestNote", draft.type)}
        required
        wide
        error={fault("type")}
      >
        {(control) => (
          <NativeSelect
            {...control}
            value={draft.type}
            onChange={(type) => change({ type: chosen(REQUEST_TYPES, type) ?? "Change" })}
            options={REQUEST_TYPES.map((type) => ({
              value: type,
              label: t(`requestTypeLong.${type}`),
            }))}
          />
        )}
      </Field>
      {draft.type === "New" ? (
        <Field
          label={t("newRequest.applicationName")}
          hint={t("newRequest.applicationNameHint")}
          required
          error={fault("application")}
        >
          {(control) => (
            <Input
              {...control}
              value={draft.application}
              maxLength={63}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change({ application: event.target.value })}
            />
          )}
        </Field>
      ) : (
        <Field label={t("field.application")} required wide error={fault("application")}>
          {(control) => (
            <ApplicationSelect
              control={control}
              department={draft.department}
              value={draft.application}
              onChange={(application) => change({ application, pool: "", moveTo: "" })}
            />
          )}
        </Field>
      )}
    </>
  );
}

/** From which pool, and to which. */
export function PoolFields({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  const pools = useQuery(listPoolsOptions());
  return (
    <>
      <Field label={t("field.pool")} required error={fault("pool")}>
        {(control) => (
          <NativeSelect
            {...control}
            value={draft.pool}
            onChange={(pool) => change({ pool, moveTo: "" })}
            options={[
              { value: "", label: t("newRequest.choose") },
              ...(pools.data?.items ?? []).map((pool) => ({
                value: pool.name,
                label: pool.displayName,
              })),
            ]}
          />
        )}
      </Field>
      {draft.type === "Change" && draft.pool !== "" ? (
        <Field label={t("field.moveTo")} hint={t("newRequest.moveHint")} error={fault("moveFrom")}>
          {(control) => (
            <NativeSelect
              {...control}
              value={draft.moveTo}
              onChange={(moveTo) => change({ moveTo })}
              options={[
                { value: "", label: t("newRequest.stay") },
                ...(pools.data?.items ?? [])
                  .filter((pool) => pool.name !== draft.pool)
                  .map((pool) => ({ value: pool.name, label: pool.displayName })),
              ]}
            />
          )}
        </Field>
      ) : null}
    </>
  );
}

const SEARCH_PAUSE_MS = 250;
/** More would not be read: the reader types another letter instead. */
const MATCHES = 50;

interface ApplicationSelectProps {
  control: { id: string; "aria-describedby": string; "aria-invalid": boolean };
  department: string;
  value: string;
  onChange: (application: string) => void;
}

/** Finds an application of the department by name; the server searches. */
function ApplicationSelect({ control, department, value, onChange }: ApplicationSelectProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const q = useDebounced(typed, SEARCH_PAUSE_MS);
  const found = useQuery({
    ...listApplicationsOptions({ query: { department, limit: MATCHES, ...(q ? { q } : {}) } }),
    enabled: department !== "",
    placeholderData: keepPreviousData,
  });
  return (
    <Select
      {...control}
      showSearch={{ filterOption: false, onSearch: setTyped, searchValue: typed }}
      value={value || null}
      placeholder={t("newRequest.choose")}
      loading={found.isFetching}
      notFoundContent={t("applications.empty")}
      onChange={(application: string) => {
        setTyped("");
        onChange(application);
      }}
      options={(found.data?.items ?? []).map((application) => ({
        value: application.name,
        label: `${application.displayName} (${application.name})`,
      }))}
    />
  );
}
