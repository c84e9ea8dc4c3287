// The one source of colours, for antd's tokens and for our own style sheets alike. Contrast of each
// text colour against its backgrounds is at least 4.5:1; antd's own defaults are not (its blue on
// white is 4.10:1), and the light colours do not reach it on dark, so there are two full sets.

export type Scheme = "light" | "dark";

interface Palette {
  primary: string;
  /** Words on the primary colour; white on the dark scheme's light blue would be 2.3:1. */
  onPrimary: string;
  success: string;
  warning: string;
  error: string;
  /** Page, panel, raised panel, table stripe. */
  page: string;
  panel: string;
  raised: string;
  stripe: string;
  text: string;
  textSoft: string;
  border: string;
  borderStrong: string;
  track: string;
  selected: string;
  /** Parts of a capacity bar; each at least 3:1 against the track. */
  allocated: string;
  draining: string;
  held: string;
  requested: string;
  used: string;
  over: string;
}

export const PALETTE: Record<Scheme, Palette> = {
  light: {
    primary: "#0958d9",
    onPrimary: "#ffffff",
    success: "#237804",
    warning: "#874d00",
    error: "#cf1322",
    page: "#f4f6f9",
    panel: "#ffffff",
    raised: "#ffffff",
    stripe: "#f8fafc",
    text: "#1d2433",
    textSoft: "#566072",
    border: "#e3e8ef",
    borderStrong: "#828b9a",
    track: "#edf0f5",
    selected: "#e6f0ff",
    allocated: "#1f66d6",
    draining: "#6b4fa0",
    held: "#0d7d74",
    requested: "#b45a00",
    used: "#0b1f44",
    over: "#cf1322",
  },
  dark: {
    primary: "#69b1ff",
    onPrimary: "#0c0e12",
    success: "#6abe39",
    warning: "#e8b339",
    error: "#ff7875",
    page: "#0c0e12",
    panel: "#14171c",
    raised: "#1d2128",
    stripe: "#181c22",
    text: "#e6e9ef",
    textSoft: "#a3adbb",
    border: "#2a303a",
    borderStrong: "#707b8a",
    track: "#262c36",
    selected: "#15325b",
    allocated: "#4b8fe8",
    draining: "#a58bdb",
    held: "#35b3a7",
    requested: "#e0953e",
    used: "#f2f5fa",
    over: "#ff7875",
  },
};

/** Sets the colours as custom properties of the document, by CSSOM, which a strict CSP allows. */
export function applyPalette(scheme: Scheme, root: HTMLElement = document.documentElement): void {
  root.dataset["theme"] = scheme;
  root.style.setProperty("color-scheme", scheme);
  for (const [name, value] of Object.entries(PALETTE[scheme])) {
    root.style.setProperty(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, value);
  }
}
