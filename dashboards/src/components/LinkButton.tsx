import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import css from "./LinkButton.module.css";

/** A link that looks like a button, because it begins something: still a link, with its address. */
export const LinkButton = createLink((props: ComponentProps<"a">) => (
  <a {...props} className={css["button"]} />
));
