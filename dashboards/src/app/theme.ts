import { theme as antdTheme, type ThemeConfig } from "antd";
import { PALETTE, type Scheme } from "./palette";

export const FONT =
  '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, -apple-system, "Segoe UI", sans-serif';

/** antd's tokens from our palette. A token set here wins over what the algorithm derives. */
export function antdConfig(scheme: Scheme): ThemeConfig {
  const colour = PALETTE[scheme];
  return {
    algorithm: scheme === "dark" ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    token: {
      fontFamily: FONT,
      fontSize: 14,
      borderRadius: 6,
      controlHeight: 32,
      controlHeightSM: 26,
      motion: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      colorPrimary: colour.primary,
      colorInfo: colour.primary,
      colorLink: colour.primary,
      colorSuccess: colour.success,
      colorWarning: colour.warning,
      colorError: colour.error,
      colorErrorText: colour.error,
      colorText: colour.text,
      colorTextSecondary: colour.textSoft,
      colorTextTertiary: colour.textSoft,
      colorTextDescription: colour.textSoft,
      colorTextPlaceholder: colour.textSoft,
      colorIcon: colour.textSoft,
      colorBgLayout: colour.page,
      colorBgContainer: colour.panel,
      colorBgElevated: colour.raised,
      colorBorder: colour.borderStrong,
      colorBorderSecondary: colour.border,
    },
    components: {
      Button: { primaryColor: colour.onPrimary, primaryShadow: "none" },
      Tooltip: { colorBgSpotlight: scheme === "dark" ? "#333b47" : "#1d2433" },
    },
  };
}
