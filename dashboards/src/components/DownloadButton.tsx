import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import type { ReactNode } from "react";
import { download } from "../api/download";
import { ErrorView } from "./ErrorView";

/** Gets a file; what goes wrong stands right there. */
export function DownloadButton({ path, children }: { path: string; children: ReactNode }) {
  const file = useMutation({ mutationFn: () => download(path) });
  return (
    <>
      <Button loading={file.isPending} onClick={() => file.mutate()}>
        {children}
      </Button>
      {file.error ? <ErrorView error={file.error} /> : null}
    </>
  );
}
