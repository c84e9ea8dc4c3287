import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ActionButton } from "../components/ActionButton";
import { LinkButton } from "../components/LinkButton";
import { isDepartmentMember, useSession } from "./session";

interface RequestButtonProps {
  /** What the form begins with. */
  search?: { type?: string; department?: string; application?: string };
  children: ReactNode;
}

/** Leads to the form. Requests are made by departments; whoever cannot make one reads why. */
export function RequestButton({ search = {}, children }: RequestButtonProps) {
  const { t } = useTranslation();
  const session = useSession();
  const member =
    isDepartmentMember(session) &&
    (!search.department || session.departments.some(({ name }) => name === search.department));
  if (!member) {
    return <ActionButton blocked={t("requests.onlyDepartments")}>{children}</ActionButton>;
  }
  return (
    <LinkButton to="/requests/new" search={search}>
      {children}
    </LinkButton>
  );
}
