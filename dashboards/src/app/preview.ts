import { queryOptions } from "@tanstack/react-query";
import { type NewRequest, previewRequest } from "../api/generated";

/** A preview writes nothing, so it is read like any other data although it is a POST. */
export function previewOptions(body: NewRequest) {
  return queryOptions({
    queryKey: ["previewRequest", body],
    queryFn: async ({ signal }) => {
      const { data } = await previewRequest({ body, signal, throwOnError: true });
      return data;
    },
    staleTime: 0,
  });
}
