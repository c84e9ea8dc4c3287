import { type FormEvent, useCallback, useEffect, useId, useState } from "react";
import css from "./SearchField.module.css";

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string;
  onSearch: (value: string) => void;
}

/** Long enough that typing a word is one search, short enough not to feel like waiting. */
const PAUSE_MS = 300;

export function SearchField({ label, placeholder, value, onSearch }: SearchFieldProps) {
  const id = useId();
  const [typing, setTyping] = useState({ text: value, sent: value, seen: value });
  // The address bar may change under the field: back button, a cleared filter. An echo of what was
  // searched is no such change: the next letter may have been typed already.
  if (value !== typing.seen) {
    setTyping({ ...typing, seen: value, text: value === typing.sent ? typing.text : value });
  }
  const { text, sent } = typing;
  const search = useCallback(
    (wanted: string) => {
      setTyping((before) => ({ ...before, sent: wanted }));
      onSearch(wanted);
    },
    [onSearch],
  );
  useEffect(() => {
    if (text === value || text === sent) return;
    const timer = setTimeout(() => search(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, sent, value, search]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    search(text);
  };
  return (
    <form role="search" className={css["search"]} onSubmit={submit}>
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <input
        id={id}
        type="search"
        className={css["input"]}
        value={text}
        placeholder={placeholder}
        maxLength={100}
        onChange={(event) => setTyping({ ...typing, text: event.target.value })}
      />
    </form>
  );
}
