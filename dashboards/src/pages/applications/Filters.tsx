import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import {
  listDepartmentsOptions,
  listPoolsOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { STATES, TIERS, ZONES } from "../../app/choices";
import { isDepartmentOnly, useSession } from "../../app/session";
import { SearchField } from "../../components/SearchField";
import { SelectField } from "../../components/SelectField";
import { useWords, type WordKind } from "../../i18n/words";

/** Values of filters as they stand in the address; an empty text takes a filter away. */
export interface ApplicationSearch {
  q?: string;
  department?: string;
  tier?: string;
  pool?: string;
  zone?: string;
  state?: string;
}

/** The API's longest page: a city has fewer departments. */
const ALL_DEPARTMENTS = 200;

interface FiltersProps {
  search: ApplicationSearch;
  change: (part: ApplicationSearch) => void;
}

/** Every filter stands in the address, so that a view can be sent to a colleague. */
export function Filters({ search, change }: FiltersProps) {
  const { t } = useTranslation();
  const words = useWords();
  const own = isDepartmentOnly(useSession());
  const pools = useQuery(listPoolsOptions());
  const departments = useQuery({
    ...listDepartmentsOptions({ query: { limit: ALL_DEPARTMENTS, sort: "displayName" } }),
    enabled: !own,
  });
  const find = useCallback((q: string) => change({ q }), [change]);
  const any = { value: "", label: t("filter.all") };
  const named = (kind: WordKind, keys: readonly string[]) => [
    any,
    ...keys.map((key) => ({ value: key, label: words(kind, key) })),
  ];
  const filtered = [
    search.q,
    search.department,
    search.tier,
    search.pool,
    search.zone,
    search.state,
  ];
  return (
    <>
      <SearchField
        label={t("applications.search")}
        placeholder={t("applications.search")}
        value={search.q ?? ""}
        onSearch={find}
      />
      {own ? null : (
        <SelectField
          label={t("field.department")}
          value={search.department ?? ""}
          onChange={(department) => change({ department })}
          options={[
            any,
            ...(departments.data?.items ?? []).map((department) => ({
              value: department.name,
              label: department.displayName,
            })),
          ]}
        />
      )}
      <SelectField
        label={t("field.tier")}
        value={search.tier ?? ""}
        onChange={(tier) => change({ tier })}
        options={named("tier", TIERS)}
      />
      <SelectField
        label={t("field.pool")}
        value={search.pool ?? ""}
        onChange={(pool) => change({ pool })}
        options={[
          any,
          ...(pools.data?.items ?? []).map((pool) => ({
            value: pool.name,
            label: pool.displayName,
          })),
        ]}
      />
      <SelectField
        label={t("field.zone")}
        value={search.zone ?? ""}
        onChange={(zone) => change({ zone })}
        options={named("zone", ZONES)}
      />
      <SelectField
        label={t("field.state")}
        value={search.state ?? ""}
        onChange={(state) => change({ state })}
        options={named("state", STATES)}
      />
      {filtered.some(Boolean) ? (
        <Button
          type="link"
          onClick={() => change({ q: "", department: "", tier: "", pool: "", zone: "", state: "" })}
        >
          {t("filter.clear")}
        </Button>
      ) : null}
    </>
  );
}
