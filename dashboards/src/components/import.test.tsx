import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { ConfigProvider } from "antd";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { client } from "../api/generated/client.gen";
import type { ImportReport } from "../api/generated";
import { failureFrom } from "../api/failure";
import { startI18n } from "../i18n";
import { ImportDialog } from "./ImportButton";

beforeAll(async () => {
  await startI18n("zh-CN");
  client.interceptors.error.use((error, response) => failureFrom(error, response));
});
afterEach(cleanup);

const report = (part: Partial<ImportReport>): ImportReport => ({
  kind: "applications",
  dryRun: true,
  complete: true,
  created: 0,
  changed: 0,
  unchanged: 0,
  duplicates: 0,
  findings: [],
  rows: [],
  ...part,
});

const FILE = "name,department";

/** Each call to the API gets the next answer; what was asked is kept. */
function answering(...answers: ImportReport[]) {
  const asked: string[] = [];
  client.setConfig({
    baseUrl: "http://cloud.example",
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const call = new Request(input, init);
      asked.push(`${new URL(call.url).search} ${await call.text()}`);
      const headers = { "Content-Type": "application/json" };
      return new Response(JSON.stringify(answers.shift()), { status: 200, headers });
    },
  });
  return asked;
}

function open() {
  render(
    <ConfigProvider button={{ autoInsertSpace: false }}>
      <QueryClientProvider client={new QueryClient()}>
        <ImportDialog kind="applications" title="导入应用系统" onClose={() => {}} />
      </QueryClientProvider>
    </ConfigProvider>,
  );
  const file = new File([FILE], "plan.csv", { type: "text/csv" });
  fireEvent.change(screen.getByLabelText("选择或拖入 CSV、XLSX 文件"), {
    target: { files: [file] },
  });
}

describe("an import", () => {
  it("lists what is wrong by row and column and can't be written", async () => {
    const finding = { row: 5, column: "层级", code: "Word", message: "“乡级”不可用。" };
    const asked = answering(report({ findings: [finding] }));
    open();
    const table = await screen.findByRole("table", { name: "发现的错误" });
    const row = within(table).getByRole("row", { name: /层级/ });
    expect(row.textContent).toContain("5");
    expect(row.textContent).toContain("“乡级”不可用。");
    const write = screen.getByRole("button", { name: /写入/ });
    expect(write.getAttribute("aria-disabled")).toBe("true");
    fireEvent.click(write);
    expect(asked).toEqual([`?dryRun=true ${FILE}`]);
  });

  it("is tried first, then written, then finished where the cluster went away", async () => {
    const missed = {
      row: 3,
      key: "civil-affairs/pension",
      outcome: "NotReached" as const,
      message: "",
      request: null,
    };
    const asked = answering(
      report({ created: 2 }),
      report({ dryRun: false, complete: false, created: 1, rows: [missed] }),
      report({ dryRun: false, created: 1, unchanged: 1 }),
    );
    open();
    await screen.findByText("试运行通过,尚未写入");
    fireEvent.click(screen.getByRole("button", { name: "写入" }));
    await screen.findByText("只写入了一部分,请继续写入");
    expect(screen.getByRole("table", { name: "未写入的行" }).textContent).toContain("未执行");
    fireEvent.click(screen.getByRole("button", { name: "继续写入" }));
    await screen.findByText("已写入");
    const sent = ["?dryRun=true", "?dryRun=false", "?dryRun=false"];
    expect(asked).toEqual(sent.map((search) => `${search} ${FILE}`));
  });
});
