import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import css from "./Dialog.module.css";

interface DialogProps {
  title: string;
  /** Esc, or the button that leaves it. */
  onClose: () => void;
  onSubmit: () => void;
  /** The buttons. */
  actions: ReactNode;
  children: ReactNode;
}

/** The browser's own dialog: it keeps the focus, closes on Esc and hides the page from readers. */
export function Dialog({ title, onClose, onSubmit, actions, children }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    if (!shown || shown.open) return;
    const before = document.activeElement;
    shown.showModal();
    // What is gone with its dialog would leave the focus at the top of the page.
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <dialog
      ref={dialog}
      className={css["dialog"]}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form noValidate onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        <div className={css["body"]}>{children}</div>
        <div className={css["actions"]}>{actions}</div>
      </form>
    </dialog>
  );
}
