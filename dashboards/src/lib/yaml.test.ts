import { expect, it } from "vitest";
import { toYaml } from "./yaml";

it("writes what kubectl would", () => {
  const text = toYaml({
    apiVersion: "yunheng.io/v1alpha1",
    metadata: { namespace: "dept-civil-affairs", name: "marriage-registry" },
    spec: {
      displayName: "婚姻登记系统",
      sample: false,
      securityGrade: 3,
      resources: { cpu: "64", memory: "128G" },
      facts: [
        { label: "覆盖", value: "364", source: undefined },
        { label: "目录: 总数", value: "1,954" },
      ],
      links: [],
      note: "yes",
    },
  });
  expect(text).toBe(`apiVersion: yunheng.io/v1alpha1
metadata:
  namespace: dept-civil-affairs
  name: marriage-registry
spec:
  displayName: 婚姻登记系统
  sample: false
  securityGrade: 3
  resources:
    cpu: "64"
    memory: "128G"
  facts:
  - label: 覆盖
    value: "364"
  - label: "目录: 总数"
    value: "1,954"
  links: []
  note: "yes"
`);
});
