import { useState } from "react";
import { useCan } from "../../api/session";
import { ConnectionPanel } from "../../form/connection/ConnectionPanel";
import { type Connection, useConnections } from "../../form/connection/connections";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Th } from "../../ui/Table";
import { ConnectionRow } from "./ConnectionRow";
import { DeleteConnection } from "./DeleteConnection";
import { TestDialog } from "./TestDialog";
import { words } from "./words";

/** Connections to outside systems: where they lead, who uses them, how their last test went. */
export function ConnectionsPage() {
  const [search, setSearch] = useState("");
  const [adding, setAdding] = useState(false);
  const [edited, setEdited] = useState<Connection | null>(null);
  const [tested, setTested] = useState<Connection | null>(null);
  const [dropped, setDropped] = useState<Connection | null>(null);
  const mayCreate = useCan("connections.create");
  const every = useConnections().data;
  const wanted = search.trim().toLowerCase();
  const items = every?.filter((one) => `${one.name} ${one.title} ${one.place}`.toLowerCase().includes(wanted));
  const add = mayCreate ? (
    <Button look="primary" icon={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
      {words.add}
    </Button>
  ) : null;
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5">
      {every?.length ? (
        <div className="flex items-center gap-2">
          <Input
            type="search"
            aria-label={words.search}
            placeholder={words.search}
            className="w-64 min-w-0"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <span className="flex-1" />
          {add}
        </div>
      ) : null}
      {items === undefined ? <Skeleton className="h-40" /> : null}
      {every?.length === 0 ? (
        <EmptyState icon="plug" title={words.empty.title} action={add}>
          {words.empty.text}
        </EmptyState>
      ) : null}
      {every?.length && items?.length === 0 ? <p className="text-muted">{words.nothing(search)}</p> : null}
      {items?.length ? (
        <div className="relative overflow-x-auto rounded-lg border bg-surface contrast:border-2">
          <Table>
            <thead>
              <tr>
                <Th>{words.columns.name}</Th>
                <Th className="hidden sm:table-cell">{words.columns.kind}</Th>
                <Th>{words.columns.place}</Th>
                <Th className="hidden sm:table-cell">{words.columns.used}</Th>
                <Th>{words.columns.test}</Th>
                <Th>
                  <span className="sr-only">{words.menu("")}</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <ConnectionRow key={item.id} item={item} onTest={setTested} onEdit={setEdited} onDelete={setDropped} />
              ))}
            </tbody>
          </Table>
        </div>
      ) : null}
      <ConnectionPanel open={adding} onClose={() => setAdding(false)} />
      <ConnectionPanel open={edited !== null} connection={edited} onClose={() => setEdited(null)} />
      {tested ? <TestDialog item={tested} onClose={() => setTested(null)} /> : null}
      <DeleteConnection item={dropped} onClose={() => setDropped(null)} />
    </div>
  );
}
