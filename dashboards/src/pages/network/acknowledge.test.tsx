import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import type { IncidentView, Session } from "../../api/generated";
import * as sdk from "../../api/generated/sdk.gen";
import { sessionOptions } from "../../app/session";
import { startI18n } from "../../i18n";
import { Acknowledge } from "./Acknowledge";

const incident: IncidentView = {
  name: "cut",
  root: "county-420923",
  rootName: "云梦县",
  otherRoots: [],
  cause: "RootDown",
  after: null,
  open: true,
  startedAt: "2026-11-24T08:00:00+08:00",
  endedAt: null,
  episodes: 1,
  affected: { interconnect: 0, provider: 0, county: 1, township: 13, village: 195, total: 209 },
  acknowledgedBy: "",
  acknowledgedByShort: "",
  note: "",
};

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

function show(roles: Session["roles"], shown: IncidentView) {
  const client = new QueryClient();
  client.setQueryData(sessionOptions().queryKey, { roles } as Session);
  const onDone = vi.fn();
  const tree = (one: IncidentView) => (
    <QueryClientProvider client={client}>
      <Acknowledge incident={one} root="云梦县" onDone={onDone} />
    </QueryClientProvider>
  );
  const { rerender } = render(tree(shown));
  return { onDone, update: (one: IncidentView) => rerender(tree(one)) };
}

it("is for cloud admins; others read why", () => {
  show(["auditor"], incident);
  const button = screen.getByRole("button", { name: /确认云梦县中断/ });
  expect(button.getAttribute("aria-disabled")).toBe("true");
  fireEvent.click(button);
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("isn't asked for where it is over", () => {
  show(["cloud-admin"], { ...incident, open: false });
  expect(screen.queryByRole("button")).toBeNull();
});

it("names whose word was looked at, also if somebody else says more meanwhile", async () => {
  const sent = vi.spyOn(sdk, "acknowledgeIncident").mockResolvedValue({ data: incident } as never);
  const seen = { ...incident, acknowledgedBy: "zhao", acknowledgedByShort: "zhao", note: "在路上" };
  const { onDone, update } = show(["cloud-admin"], seen);
  fireEvent.click(screen.getByRole("button", { name: /更新确认云梦县中断/ }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByText(/zhao 已确认/)).toBeTruthy();
  update({ ...seen, acknowledgedBy: "wang", note: "已修复" });
  fireEvent.change(dialog.getByRole("textbox"), { target: { value: " 抢修队已到 " } });
  fireEvent.click(dialog.getByRole("button", { name: /确\s?认/ }));
  await waitFor(() => expect(onDone).toHaveBeenCalled());
  expect(sent.mock.calls[0]?.[0]).toMatchObject({
    path: { incident: "cut" },
    body: { note: "抢修队已到", insteadOf: "zhao" },
  });
});
