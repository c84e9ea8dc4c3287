import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { RequestView } from "../../api/generated";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Amount } from "../../components/Amount";
import { DataTable } from "../../components/DataTable";
import { DueChip } from "../../components/DueChip";
import { LinkButton } from "../../components/LinkButton";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import { Person } from "../requests/columns";
import { useFieldName } from "./fieldName";
import css from "./Request.module.css";

/** What the department has to answer: a return with its note, an offer with its amounts. */
export function Pending({ request }: { request: RequestView }) {
  return (
    <>
      {request.phase === "Returned" && request.returned ? (
        <ReturnedNote request={request} returned={request.returned} />
      ) : null}
      {request.offer ? <OfferPanel request={request} offer={request.offer} /> : null}
    </>
  );
}

type Returned = NonNullable<RequestView["returned"]>;

/** The reviewer's note, and the way to correct it. */
export function ReturnedNote({ request, returned }: { request: RequestView; returned: Returned }) {
  const { t } = useTranslation();
  const fieldName = useFieldName();
  const away = useWriteBlock();
  const blocked = away ?? request.correctionBlocked?.message ?? null;
  const { department, name } = request;
  return (
    <Notice
      tone="warning"
      title={
        <>
          {t("request.returnedBy")} <Person name={returned.by} short={returned.byShort} />
        </>
      }
      action={
        blocked ? (
          <ActionButton blocked={blocked}>{t("correct.open")}</ActionButton>
        ) : (
          <LinkButton to="/requests/$department/$name/correct" params={{ department, name }}>
            {t("correct.open")}
          </LinkButton>
        )
      }
    >
      <p className={css["prose"]}>{returned.reason}</p>
      {returned.fields.length > 0 ? (
        <p>
          {t("request.toCorrect", {
            fields: returned.fields.map(fieldName).join(t("app.listSeparator")),
          })}
        </p>
      ) : null}
    </Notice>
  );
}

type Offer = NonNullable<RequestView["offer"]>;

/** 调整方案: what is there, what was asked for and what is offered, side by side. */
function OfferPanel({ request, offer }: { request: RequestView; offer: Offer }) {
  const { t } = useTranslation();
  const words = useWords();
  const open = request.phase === "Offered";
  const title = open ? t("request.offerOpen") : t("request.offerAgreed");
  return (
    <Panel
      title={title}
      extra={
        open ? (
          <DueChip
            dueAt={offer.expiresAt}
            workdays={request.stage?.workdaysLeft}
            provisional={request.stage?.provisional}
          />
        ) : null
      }
      flush
    >
      <div className={css["facts"]}>
        <p className={css["hint"]}>
          <Person name={offer.by} short={offer.byShort} />{" "}
          {t("request.offerRound", { round: offer.round, max: offer.roundsMax })}
        </p>
        <p className={css["prose"]}>{offer.reason}</p>
      </div>
      <DataTable
        caption={title}
        rows={[...RESOURCES]}
        rowKey={(resource) => resource}
        columns={[
          {
            key: "resource",
            title: t("field.resource"),
            names: true,
            cell: (r) => words("resource", r),
          },
          {
            key: "current",
            title: t("request.current"),
            figures: true,
            cell: (r) => <Amount resource={r} text={request.current[r]} />,
          },
          {
            key: "asked",
            title: t("fit.asked"),
            figures: true,
            cell: (r) => <Amount resource={r} text={request.resources[r]} />,
          },
          {
            key: "offered",
            title: t("request.offered"),
            figures: true,
            cell: (r) => <Amount resource={r} text={offer.resources[r]} strong />,
          },
        ]}
      />
    </Panel>
  );
}

/** The way back to the request from its correction form. */
export function BackToRequest({ request }: { request: Pick<RequestView, "department" | "name"> }) {
  const { t } = useTranslation();
  const { department, name } = request;
  return (
    <Link to="/requests/$department/$name" params={{ department, name }}>
      ← {t("correct.back")}
    </Link>
  );
}
