import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import zhCN from "./zh-CN.json";

/** The glossary of the product: exactly these words, in both languages. */
const GLOSSARY: [string, string][] = [
  ["政务云", "government cloud"],
  ["电子政务外网", "e-government extranet"],
  ["楚天云", "Chutian Cloud"],
  ["省电子政务外网", "provincial extranet"],
  ["主管部门", "competent authority"],
  ["管理单位", "managing unit"],
  ["使用单位", "using unit (department)"],
  ["云服务商", "cloud provider"],
  ["运维单位", "operations unit"],
  ["第三方监管", "third-party supervision"],
  ["应用系统", "application"],
  ["层级", "tier"],
  ["国家/省级", "national/provincial"],
  ["市级", "municipal"],
  ["县级", "county"],
  ["合同总量", "contract total"],
  ["物理容量", "physical capacity"],
  ["已分配", "allocated"],
  ["待批占用", "reserved by pending requests"],
  ["已批待开通", "held (approved, not yet open)"],
  ["回收中占用", "draining"],
  ["可分配余量", "available to allocate"],
  ["实际使用", "in use"],
  ["瓶颈资源", "binding resource"],
  ["搁浅资源", "stranded capacity"],
  ["分配率", "allocation rate"],
  ["利用率", "utilisation"],
  ["平均值", "average"],
  ["峰值", "peak"],
  ["均峰值", "average of daily peaks"],
  ["配额", "quota"],
  ["资源池", "resource pool"],
  ["网络区域", "network zone"],
  ["互联网区", "internet zone"],
  ["政务外网区", "extranet zone"],
  ["信创", "domestic IT (Xinchuang)"],
  ["资源申请", "resource request"],
  ["新增", "new"],
  ["变更", "change"],
  ["续期", "renew"],
  ["注销", "cancel"],
  ["受理", "accept"],
  ["技术审核", "technical review"],
  ["行政审批", "administrative approval"],
  ["退回补正", "returned for correction"],
  ["不予批准", "rejected"],
  ["撤回", "withdraw"],
  ["督促", "urge"],
  ["催办", "remind"],
  ["调整方案", "counter-offer"],
  ["待确认", "awaiting your answer"],
  ["自动批准", "approved automatically"],
  ["开通", "provision"],
  ["扩容", "scale up"],
  ["缩容", "scale down"],
  ["回收", "reclaim"],
  ["释放", "release"],
  ["闲置", "idle"],
  ["已失效", "lapsed"],
  ["已到期", "expired"],
  ["临时配额", "temporary quota"],
  ["低利用率", "under-used"],
  ["过载", "over-used"],
  ["工作日", "working day"],
  ["日历日", "calendar day"],
  ["办理时限", "time limit (SLA)"],
  ["逾期", "overdue"],
  ["暂定", "provisional"],
  ["服务目录", "service catalogue"],
  ["未定价", "not priced"],
  ["计费", "metering"],
  ["结算", "settlement"],
  ["可用率", "availability"],
  ["等保级别", "MLPS grade"],
  ["密评", "cryptography assessment"],
  ["重保", "key-event protection"],
  ["应急演练", "emergency drill"],
  ["覆盖率", "coverage"],
  ["连通率", "connected rate"],
  ["专线", "leased line"],
  ["带宽利用率", "bandwidth utilisation"],
  ["统计口径", "definition of the figure"],
  ["操作日志", "operation log"],
  ["审计日志", "audit log"],
  ["政务云月报", "monthly report"],
  ["示例配额", "sample quota"],
  ["名称待登记", "name to be registered"],
  ["双人审批", "four-eyes approval"],
  ["合同与容量", "contract and capacity"],
  ["示例拆分", "sample split"],
];

/** Labels that are glossary words; English ones may begin with a capital letter. */
const LABELS: [string, string][] = [
  ["nav.capacity", "contractAndCapacity"],
  ["figures.contract", "contractTotal"],
  ["figures.physical", "physicalCapacity"],
  ["figures.allocated", "allocated"],
  ["figures.reserved", "reserved"],
  ["figures.held", "held"],
  ["figures.draining", "draining"],
  ["figures.used", "inUse"],
  ["figures.free", "available"],
  ["figures.binding", "binding"],
  ["figures.stranded", "stranded"],
  ["figures.allocationRate", "allocationRate"],
  ["figures.utilisation", "utilisation"],
  ["figures.quota", "quota"],
  ["field.application", "application"],
  ["field.department", "usingUnit"],
  ["field.tier", "tier"],
  ["field.pool", "pool"],
  ["field.zone", "zone"],
  ["field.securityGrade", "securityGrade"],
  ["field.domesticIt", "domesticIt"],
  ["field.keyEvent", "keyEvent"],
  ["field.due", "timeLimit"],
  ["tier.NationalProvincial", "nationalProvincial"],
  ["tier.Municipal", "municipal"],
  ["tier.County", "county"],
  ["zone.InternetZone", "internetZone"],
  ["zone.ExtranetZone", "extranetZone"],
  ["requestType.New", "new"],
  ["requestType.Change", "change"],
  ["requestType.Renew", "renew"],
  ["requestType.Release", "cancel"],
  ["phase.TechReview", "techReview"],
  ["phase.Returned", "returned"],
  ["phase.Rejected", "rejected"],
  ["phase.Lapsed", "lapsed"],
  ["phase.Expired", "expired"],
  ["verdict.Accept", "accept"],
  ["verdict.Withdraw", "withdraw"],
  ["verdict.Reclaim", "reclaim"],
  ["verdict.Urge", "remind"],
  ["due.overdue", "overdue"],
  ["due.provisional", "provisional"],
  ["sample.split", "sampleSplit"],
  ["sample.quota", "sampleQuota"],
];

function flatten(tree: object, path = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") flat.set(path + key, value);
    else for (const [below, text] of flatten(value, `${path}${key}.`)) flat.set(below, text);
  }
  return flat;
}

const chinese = flatten(zhCN);
const english = flatten(en);

/** Chinese has one plural form, English two; the second has no partner. */
const comparable = (words: Map<string, string>) =>
  [...words.keys()].filter((key) => !key.endsWith("_one")).sort();

describe("the words of the product", () => {
  it("acceptance 12: have equal keys in both languages", () => {
    expect(comparable(english)).toEqual(comparable(chinese));
  });

  it("are never empty", () => {
    for (const words of [chinese, english]) {
      expect([...words].filter(([, text]) => text.trim() === "")).toEqual([]);
    }
  });

  it("use the same placeholders in both languages", () => {
    const placeholders = (text = "") => (text.match(/{{\w+}}/g) ?? []).sort();
    for (const [key, text] of chinese) {
      expect([key, placeholders(english.get(key))]).toEqual([key, placeholders(text)]);
    }
  });

  it("have an English singular for every plural", () => {
    const plurals = [...english.keys()].filter((key) => key.endsWith("_other"));
    expect(plurals.filter((key) => !english.has(key.replace(/_other$/, "_one")))).toEqual([]);
  });

  it.each(GLOSSARY)("call %s exactly so, and %s in English", (zh, word) => {
    const keys = [...chinese].filter(([key, text]) => key.startsWith("glossary.") && text === zh);
    expect(keys.map(([key]) => english.get(key))).toContain(word);
  });

  it.each(LABELS)("label %s with the glossary's word", (label, term) => {
    expect(chinese.get(label)).toBe(chinese.get(`glossary.${term}`));
    expect(english.get(label)?.toLowerCase()).toBe(english.get(`glossary.${term}`)?.toLowerCase());
  });
});

describe("the source", () => {
  const files = readdirSync(join(import.meta.dirname, ".."), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .filter((name) => !/\.test\.|generated/.test(name));

  it("has no Chinese words outside the language files and comments", () => {
    const found = files.flatMap((name) => {
      const text = readFileSync(join(import.meta.dirname, "..", name), "utf8");
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      return /\p{Script=Han}/u.test(code) ? [name] : [];
    });
    expect(found).toEqual([]);
  });
});
