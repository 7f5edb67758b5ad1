import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { words } from "./words";

interface Log {
  readonly lines: readonly string[];
  readonly restarts: readonly { readonly at: number; readonly what: string }[];
}

/** What the process of a stream wrote, and when it was started again. */
export function useStreamLog(name: string) {
  return useQuery({
    queryKey: ["stream-log", name],
    queryFn: () => http.get<Log>(`/streams/${segment(name)}/log`),
    refetchInterval: 5_000,
  });
}

/** The last lines of the log, the newest last. */
export function StreamLog({ name }: { name: string }) {
  const lines = useStreamLog(name).data?.lines ?? [];
  if (lines.length === 0) return <p className="text-muted">{words.log.none}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <pre role="log" aria-label={words.log.title} tabIndex={0} className="max-h-80 overflow-auto font-mono text-xs">
      {lines.join("\n")}
    </pre>
  );
}
