import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { ConfigProvider } from "antd";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { client } from "../../api/generated/client.gen";
import type { Action, Correction, RequestView } from "../../api/generated";
import { failureFrom } from "../../api/failure";
import { startI18n } from "../../i18n";
import { Decision } from "./Decision";
import { History } from "./History";

beforeAll(async () => {
  await startI18n("zh-CN");
  client.interceptors.error.use((error, response) => failureFrom(error, response));
});
afterEach(cleanup);

const action = (verdict: Action["verdict"], blocked?: string): Action => ({
  verdict,
  needsReason: ["Return", "Reject", "Offer", "DeclineOffer"].includes(verdict),
  blocked: blocked ? { code: "RoleMissing", message: blocked } : null,
});

const request = (part: Partial<RequestView> = {}) =>
  ({
    department: "civil-affairs",
    name: "qr-1",
    type: "Change",
    application: "marriage-registry",
    phase: "TechReview",
    revision: 2,
    version: "2.3",
    stage: { name: "TechReview", limit: "sla.opinion", dueAt: null, provisional: false },
    decisionStage: "TechReview",
    review: null,
    current: { cpu: "64", memory: "128G", storage: "10T" },
    resources: { cpu: "80", memory: "128G", storage: "10T" },
    actions: [action("Approve"), action("Return"), action("Reject"), action("Offer")],
    history: [],
    ...part,
  }) as unknown as RequestView;

/** What was sent to the API; everything is answered with `status` and `body`. */
function answering(status: number, body: object) {
  const sent: { url: string; body: unknown }[] = [];
  client.setConfig({
    baseUrl: "http://cloud.example",
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const call = new Request(input, init);
      if (call.method === "POST") sent.push({ url: call.url, body: await call.json() });
      const answer = call.url.endsWith("/policy") ? { reasonCodes: [], values: [] } : body;
      const type = status < 400 ? "application/json" : "application/problem+json";
      return new Response(JSON.stringify(answer), {
        status: call.method === "POST" ? status : 200,
        headers: { "Content-Type": type },
      });
    },
  });
  return sent;
}

function show(shown: RequestView) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const page = (one: RequestView) => (
    <ConfigProvider button={{ autoInsertSpace: false }}>
      <QueryClientProvider client={queries}>
        <Decision request={one} />
      </QueryClientProvider>
    </ConfigProvider>
  );
  const { rerender } = render(page(shown));
  return { again: (one: RequestView) => rerender(page(one)) };
}

describe("the decision bar", () => {
  it("shows the actions of the request, and why one isn't the reader's", () => {
    answering(200, {});
    show(request({ actions: [action("Withdraw", "只能由申请单位办理"), action("Approve")] }));
    const buttons = screen.getAllByRole("button").map((one) => one.firstChild?.textContent);
    expect(buttons).toEqual(["批准", "撤回"]);
    const blocked = screen.getByRole("button", { name: /^撤回/ });
    expect(blocked.getAttribute("aria-disabled")).toBe("true");
    expect(blocked.textContent).toContain("只能由申请单位办理");
  });

  it("approves at once, with the opinion and what was looked at", async () => {
    const sent = answering(200, request({ phase: "Approved" }));
    show(request());
    fireEvent.change(screen.getByLabelText("意见"), { target: { value: "测算充分" } });
    fireEvent.click(screen.getByRole("button", { name: "批准" }));
    await screen.findByText("批准:已办理。");
    expect(sent).toEqual([
      {
        url: "http://cloud.example/api/v1/requests/civil-affairs/qr-1/decisions",
        body: { verdict: "Approve", requestRevision: 2, stage: "TechReview", reason: "测算充分" },
      },
    ]);
  });

  it("returns with a reason and the fields to correct, and not before", async () => {
    const sent = answering(200, request({ phase: "Returned" }));
    show(request());
    fireEvent.click(screen.getByRole("button", { name: "退回补正" }));
    const dialog = within(screen.getByRole("dialog", { name: "退回补正" }));
    const send = () => dialog.getByRole("button", { name: /^退回补正/ });
    expect(send().textContent).toContain("请至少选择一项");
    fireEvent.click(dialog.getByLabelText("内存"));
    expect(send().textContent).toContain("至少 10 个字");
    fireEvent.change(dialog.getByLabelText(/^理由/), {
      target: { value: "内存用量没有测算依据请补充" },
    });
    fireEvent.submit(send().closest("form") as HTMLFormElement);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent[0]?.body).toEqual({
      verdict: "Return",
      requestRevision: 2,
      stage: "TechReview",
      reason: "内存用量没有测算依据请补充",
      fields: ["resources.memory"],
    });
  });

  it("offers some of the increase, and leaves alone what was not to grow", () => {
    answering(200, {});
    show(request());
    fireEvent.click(screen.getByRole("button", { name: "提出调整方案" }));
    const dialog = within(screen.getByRole("dialog"));
    const cpu = dialog.getByRole("textbox", { name: /^CPU/ });
    expect(dialog.getByRole("button", { name: /^提出/ }).textContent).toContain("直接批准");
    fireEvent.change(cpu, { target: { value: "90" } });
    expect(cpu.getAttribute("aria-invalid")).toBe("true");
    fireEvent.change(cpu, { target: { value: "72" } });
    expect(cpu.getAttribute("aria-invalid")).toBe("false");
    expect(dialog.getByRole("textbox", { name: "内存" }).hasAttribute("disabled")).toBe(true);
  });

  it("keeps what was typed when the request has moved on, and says so", async () => {
    answering(409, {
      type: "urn:yunheng:problem:WrongStage",
      title: "申请当前环节不支持此操作",
      status: 409,
      detail: "申请当前为「已批准」",
      code: "WrongStage",
      nextStep: "请查看",
      requestId: "r",
    });
    const { again } = show(request());
    fireEvent.click(screen.getByRole("button", { name: "不予批准" }));
    const reason = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: /^理由/ });
    fireEvent.change(reason(), { target: { value: "超出资源池可分配余量请重新测算" } });
    fireEvent.submit(reason().closest("form") as HTMLFormElement);
    await screen.findByText("申请当前环节不支持此操作");
    again(request({ phase: "Approved", actions: [action("Withdraw")] }));
    expect(reason().value).toBe("超出资源池可分配余量请重新测算");
    const send = within(screen.getByRole("dialog")).getByRole("button", { name: /^不予批准/ });
    expect(send.textContent).toContain("不再适用");
  });

  it("asks for the name of what is reclaimed", () => {
    answering(200, {});
    show(request({ phase: "Active", actions: [action("Reclaim")] }));
    fireEvent.click(screen.getByRole("button", { name: "回收" }));
    const dialog = within(screen.getByRole("dialog"));
    const send = () => dialog.getByRole("button", { name: /^回收/ }).textContent;
    expect(send()).toContain("marriage-registry");
    fireEvent.change(dialog.getByLabelText(/marriage-registry/), {
      target: { value: "marriage-registry" },
    });
    expect(send()).not.toContain("marriage-registry");
  });
});

describe("the history", () => {
  it("has each corrected field with both values, and where the request waits now", () => {
    const changes: Correction[] = [{ field: "resources.memory", before: "128G", after: "64G" }];
    const entry = {
      at: "2026-11-23T06:00:00Z",
      by: "zhang",
      byShort: "zhang",
      from: "Returned",
      to: "Submitted",
      stage: null,
      verdict: null,
      reasonCode: null,
      reason: "",
      changes,
    } as const;
    const stage = {
      name: "AdminApproval",
      limit: "sla.opinion",
      dueAt: "2126-11-26T17:30:00+08:00",
      workdaysLeft: 2,
      provisional: true,
      overdue: true,
      escalatedTo: null,
      urgedAt: null,
      stopped: null,
    };
    render(<History request={request({ history: [entry], stage })} />);
    expect(screen.getByText("内存").nextSibling?.textContent).toBe("128G → 64G");
    const now = screen.getByText("当前").closest("li");
    expect(now?.textContent).toBe("当前行政审批审核时限逾期暂定");
    expect(now?.getAttribute("aria-current")).toBe("step");
  });
});
