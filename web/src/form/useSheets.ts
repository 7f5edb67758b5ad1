import { useQuery } from "@tanstack/react-query";
import { http } from "../api/http";
import { useForm } from "./context";
import { textOf } from "./entries";

const WORKBOOK = /\.(xls[xmb]?|ods)$/i;

/** Whether the settings read a workbook, and its sheets in their order. */
export function useSheets(): { readonly isWorkbook: boolean; readonly sheets: readonly string[] } {
  const { config, folder } = useForm();
  const path = textOf(Array.isArray(config.path) ? config.path[0] : config.path);
  const isWorkbook = WORKBOOK.test(path);
  const { data } = useQuery({
    queryKey: ["sheets", folder, path],
    enabled: isWorkbook,
    retry: false,
    queryFn: ({ signal }) =>
      http.post<{ sheets: readonly string[] }>(
        "/files/sniff",
        { path: folder ? `${folder}/${path}` : path },
        { signal },
      ),
  });
  return { isWorkbook, sheets: data?.sheets ?? [] };
}
