import { Button, type ButtonProps, Tooltip } from "antd";
import { useId } from "react";
import css from "./ActionButton.module.css";

interface ActionButtonProps extends Omit<ButtonProps, "disabled"> {
  /** Why this may not be done now. The button stays in reach, so that everybody can read why. */
  blocked?: string | null | undefined;
}

/** A button that is disabled with its reason instead of being hidden or silently grey. */
export function ActionButton({ blocked, onClick, htmlType, children, ...rest }: ActionButtonProps) {
  const id = useId();
  if (!blocked) {
    return (
      <Button {...rest} htmlType={htmlType ?? "button"} {...(onClick ? { onClick } : {})}>
        {children}
      </Button>
    );
  }
  return (
    <Tooltip title={blocked}>
      <Button
        {...rest}
        // Never a submit button, or Enter in a field would get past the reason.
        htmlType="button"
        className={`${css["blocked"]} ${rest.className ?? ""}`}
        type="default"
        danger={false}
        aria-disabled="true"
        aria-describedby={id}
      >
        {children}
        <span id={id} className="visually-hidden">
          {blocked}
        </span>
      </Button>
    </Tooltip>
  );
}
