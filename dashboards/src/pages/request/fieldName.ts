import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { fieldLabel } from "../../lib/fields";

/** What people call a field; its path where nobody has named it. */
export function useFieldName(): (path: string) => string {
  const { t } = useTranslation();
  return useMemo(
    () => (path) => {
      const label = fieldLabel(path);
      return label ? t(label) : path;
    },
    [t],
  );
}
