import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./KubectlLine.module.css";

const SAID_MS = 2_000;

/** A command to copy: the same object for those who work with kubectl. */
export function KubectlLine({ command }: { command: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <div className={css["line"]}>
      <code>{command}</code>
      {/* Browsers offer the clipboard on https and localhost only. */}
      {navigator.clipboard ? (
        <Button
          size="small"
          icon={copied ? <CheckOutlined aria-hidden /> : <CopyOutlined aria-hidden />}
          onClick={() => void copy()}
        >
          <span role="status">{copied ? t("app.copied") : t("app.copy")}</span>
        </Button>
      ) : null}
    </div>
  );
}
