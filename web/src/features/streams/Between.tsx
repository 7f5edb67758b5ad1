import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http, segment } from "../../api/http";
import type { StreamLedger as Settled, StreamDetail } from "../../api/streams";
import { count } from "../../ui/format";
import { Select } from "../../ui/Select";
import { type LedgerClass, StreamLedger } from "./StreamLedger";
import { words } from "./words";

interface Boundary {
  readonly epoch: number;
  readonly label: string | null;
}

/** The ledger now, or between two boundaries that were kept. */
export function Between({
  row,
  titles,
  onShow,
}: {
  row: StreamDetail;
  titles: ReadonlyMap<string, string>;
  onShow: (node: string, what: LedgerClass) => void;
}) {
  const [from, setFrom] = useState("0");
  const [to, setTo] = useState("");
  const kept = useQuery({
    queryKey: ["stream-boundaries", row.name],
    queryFn: () =>
      http.get<{ items: Boundary[] }>(`/streams/${segment(row.name)}/boundaries`, { query: { limit: 200 } }),
    refetchInterval: 10_000,
  });
  const isPart = from !== "0" || to !== "";
  const part = useQuery({
    queryKey: ["stream-ledger", row.name, from, to],
    enabled: isPart,
    placeholderData: keepPreviousData,
    queryFn: () =>
      http.get<Settled>(`/streams/${segment(row.name)}/ledger`, { query: { begin: from, end: to || undefined } }),
  });
  const items = kept.data?.items ?? [];
  const option = (one: Boundary) => ({ value: String(one.epoch), label: one.label ?? count(one.epoch) });
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2 text-muted" data-testid="between">
        {words.ledger.from}
        <Select
          compact
          aria-label={words.ledger.from}
          value={from}
          onChange={setFrom}
          choices={[
            { value: "0", label: words.ledger.begin },
            ...items.filter((one) => to === "" || one.epoch < Number(to)).map(option),
          ]}
        />
        {words.ledger.to}
        <Select
          compact
          aria-label={words.ledger.to}
          value={to || "now"}
          onChange={(next) => setTo(next === "now" ? "" : next)}
          choices={[
            { value: "now", label: words.ledger.latest },
            ...items.filter((one) => one.epoch > Number(from)).map(option),
          ]}
        />
      </div>
      <StreamLedger ledger={isPart ? (part.data ?? {}) : row.ledger} titles={titles} onShow={onShow} />
    </>
  );
}
