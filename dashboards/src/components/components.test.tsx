import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Failure } from "../api/failure";
import type { PoolView } from "../api/generated";
import { startI18n } from "../i18n";
import { ActionButton } from "./ActionButton";
import { Amount, Rate } from "./Amount";
import { CapacityBar } from "./CapacityBar";
import { DataTable } from "./DataTable";
import { DueChip } from "./DueChip";
import { ErrorView } from "./ErrorView";
import { NewsBar } from "./NewsBar";
import { PoolTroubleMark, PoolTroubleNotice } from "./PoolTrouble";

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

describe("a capacity bar", () => {
  const bar = (part: Partial<Parameters<typeof CapacityBar>[0]>) => {
    render(<CapacityBar resource="memory" label="内存" contract="0G" granted="0G" {...part} />);
    return screen.getByRole("img");
  };

  it("acceptance 3: says nothing of a rate at 0/0 and has no parts", () => {
    const image = bar({});
    expect(image.getAttribute("aria-label")).toBe("内存: 合同总量 0 G, 已分配 0 G");
    expect(image.children).toHaveLength(0);
  });

  it("says by how much it is over", () => {
    const image = bar({ contract: "100G", granted: "120G", used: "30G" });
    expect(image.getAttribute("aria-label")).toBe(
      "内存: 合同总量 100 G, 已分配 120 G, 占 120.0%, 实际使用 30 G, 超出 20 G",
    );
    expect(image.className).toContain("over");
  });

  it("says what pending requests lack", () => {
    const image = bar({ contract: "100G", granted: "90G", held: "5G", requested: "10G" });
    expect(image.getAttribute("aria-label")).toContain("缺 5 G");
  });
});

describe("figures", () => {
  it("carry their unit, and the text as written on hover", () => {
    render(<Amount resource="memory" text="31353G" />);
    expect(screen.getByTitle(/^31353G = 29,199.76 Gi/).textContent).toBe("31,353G");
  });

  it("are a dash when nothing was reported, and at 0/0", () => {
    render(<Amount resource="cpu" text={null} />);
    render(<Rate value={null} />);
    expect(screen.getAllByText("—")).toHaveLength(2);
  });
});

describe("a table", () => {
  const rows = [
    { name: "乙", cpu: "8" },
    { name: "甲", cpu: "16" },
  ];
  const table = (onSort = vi.fn()) => {
    render(
      <DataTable
        caption="应用系统列表"
        rows={rows}
        rowKey={(row) => row.name}
        sort="-cpu"
        onSort={onSort}
        columns={[
          { key: "name", title: "名称", names: true, sortBy: "name", cell: (row) => row.name },
          { key: "cpu", title: "CPU", sortBy: "cpu", figures: true, cell: (row) => row.cpu },
        ]}
      />,
    );
    return onSort;
  };

  it("has rows, row headers and cells that are found by role and name", () => {
    table();
    const found = within(screen.getByRole("table", { name: "应用系统列表" }));
    expect(found.getAllByRole("row")).toHaveLength(3);
    expect(found.getByRole("rowheader", { name: "甲" })).toBeDefined();
    expect(found.getByRole("cell", { name: "16" })).toBeDefined();
  });

  it("keeps the order of the server and says by what it is sorted", () => {
    const onSort = table();
    const headers = screen.getAllByRole("columnheader");
    expect(headers.map((header) => header.getAttribute("aria-sort"))).toEqual([
      "none",
      "descending",
    ]);
    expect(screen.getAllByRole("rowheader").map((cell) => cell.textContent)).toEqual(["乙", "甲"]);
    fireEvent.click(screen.getByRole("button", { name: /CPU/ }));
    expect(onSort).toHaveBeenCalledWith("cpu");
  });
});

describe("a blocked action", () => {
  it("stays in reach, says why, and does nothing", () => {
    const act = vi.fn();
    render(
      <ActionButton blocked="不能审核自己提交的申请。" onClick={act}>
        批准
      </ActionButton>,
    );
    const button = screen.getByRole("button", { name: /批准/ });
    expect(button.getAttribute("aria-disabled")).toBe("true");
    const reason = document.getElementById(button.getAttribute("aria-describedby") ?? "");
    expect(reason?.textContent).toBe("不能审核自己提交的申请。");
    fireEvent.click(button);
    expect(act).not.toHaveBeenCalled();
  });
});

describe("a due chip", () => {
  it.each([
    ["2026-11-24T10:00:00+08:00", "剩余 2 个日历日"],
    ["2026-11-26T09:00:00+08:00", "今日到期"],
    ["2026-11-27T09:00:00+08:00", "逾期 1 个日历日"],
  ])("at %s says %s", (now, words) => {
    render(<DueChip dueAt="2026-11-26T17:30:00+08:00" provisional now={new Date(now)} />);
    expect(screen.getByText(words)).toBeDefined();
    expect(screen.getByText("暂定")).toBeDefined();
    expect(screen.getByTitle("2026-11-26(周四)17:30")).toBeDefined();
  });
  it.each([
    ["2026-09-30T10:00:00+08:00", 3, "剩余 3 个工作日"],
    ["2026-10-12T09:00:00+08:00", -1, "逾期 1 个工作日"],
    ["2026-10-10T09:00:00+08:00", 0, "今日到期"],
  ])("at %s with %i working days says %s", (now, workdays, words) => {
    render(<DueChip dueAt="2026-10-10T17:30:00+08:00" workdays={workdays} now={new Date(now)} />);
    expect(screen.getByText(words)).toBeDefined();
  });
});

describe("news of a list", () => {
  it("is announced politely and shown on request", () => {
    const accept = vi.fn();
    const { rerender } = render(<NewsBar news={0} onAccept={accept} />);
    const status = screen.getByRole("status");
    expect(status.textContent).toBe("");
    expect(status.getAttribute("aria-live")).toBe("polite");
    rerender(<NewsBar news={3} onAccept={accept} />);
    expect(status.textContent).toBe("有 3 条更新");
    fireEvent.click(screen.getByRole("button"));
    expect(accept).toHaveBeenCalled();
  });
});

describe("a pool that gives nothing out", () => {
  const pool = (status: string, reason: string) => {
    const lastTransitionTime = "2026-11-23T10:00:00+08:00";
    const ready = { type: "Ready", status, reason, message: "", lastTransitionTime };
    return { conditions: [ready] } as unknown as PoolView;
  };

  it("says why, what it means and since when", () => {
    render(<PoolTroubleNotice pool={pool("False", "ClusterUnreachable")} />);
    const notice = screen.getByRole("status").textContent;
    expect(notice).toContain("集群失联");
    expect(notice).toContain("只收回、不批出");
    expect(notice).toContain("10:00");
  });

  it("is marked beside its name, and nothing is said of one that is well", () => {
    const { container } = render(
      <>
        <PoolTroubleMark pool={pool("False", "QuotasAboveLedger")} />
        <PoolTroubleMark pool={pool("True", "Serving")} />
        <PoolTroubleNotice pool={pool("True", "Serving")} />
      </>,
    );
    expect(container.textContent).toBe("配额压降中");
  });
});

describe("an error", () => {
  it("names cause, field, what did not fit, next step and request id", () => {
    const failure = new Failure("problem", 409, {
      type: "about:blank",
      title: "余量不足",
      status: 409,
      detail: "资源池内存不足。",
      code: "InsufficientCapacity",
      field: "resources.memory",
      nextStep: "减少数量后重新提交。",
      requestId: "01J8",
      resource: "memory",
      asked: "9000G",
      free: "3524G",
    });
    render(<ErrorView error={failure} />);
    const words = screen.getByRole("alert").textContent ?? "";
    for (const part of [
      "余量不足",
      "resources.memory",
      "内存",
      "9,000",
      "3,524",
      "减少数量",
      "01J8",
    ]) {
      expect(words).toContain(part);
    }
  });

  it("says what to do when the API does not answer at all", () => {
    render(<ErrorView error={new Failure("away", null, null)} />);
    expect(screen.getByRole("alert").textContent).toContain("请检查网络");
  });
});
