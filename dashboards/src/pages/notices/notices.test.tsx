import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import type { NoticePreferences } from "../../api/generated";
import { client } from "../../api/generated/client.gen";
import { queryClient } from "../../app/queries";
import { startI18n } from "../../i18n";
import { Preferences } from "./Preferences";

const preferences: NoticePreferences = {
  own: { muted: [], mail: [], addresses: [] },
  departments: [
    {
      department: "civil-affairs",
      displayName: "市民政局",
      preference: { mail: ["requestApproved"], addresses: ["office@example.cn"] },
      mayChange: false,
    },
  ],
  kinds: [{ kind: "requestApproved", name: "申请批准" }],
  mail: true,
  domains: ["example.cn"],
};

beforeAll(() => startI18n("zh-CN"));
afterEach(() => {
  cleanup();
  queryClient.clear();
});

it("saves one's own wishes and leaves a department's to its accountable persons", async () => {
  const sent: unknown[] = [];
  const answer = () =>
    new Response(JSON.stringify(preferences), { headers: { "content-type": "application/json" } });
  client.setConfig({
    baseUrl: "http://localhost",
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      if (request.method === "PUT") sent.push(await request.json());
      return answer();
    },
  });
  render(
    <QueryClientProvider client={queryClient}>
      <Preferences />
    </QueryClientProvider>,
  );
  await screen.findByRole("heading", { name: "市民政局" });
  fireEvent.click(screen.getByLabelText("申请批准: 收件箱"));
  const [own, department] = screen.getAllByLabelText("申请批准: 邮件") as HTMLInputElement[];
  expect(department?.disabled && department.checked).toBe(true);
  fireEvent.click(own as HTMLInputElement);
  const [addresses] = screen.getAllByLabelText("邮件地址");
  fireEvent.change(addresses as HTMLElement, {
    target: { value: "a@example.cn\n b@example.cn\n" },
  });
  const [save, blocked] = screen.getAllByRole("button", { name: /保.?存/ });
  expect(blocked?.getAttribute("aria-disabled")).toBe("true");
  fireEvent.click(blocked as HTMLElement);
  fireEvent.click(save as HTMLElement);
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toEqual({
    own: {
      muted: ["requestApproved"],
      mail: ["requestApproved"],
      addresses: ["a@example.cn", "b@example.cn"],
    },
  });
});
