import { type Ref, useState } from "react";
import type { Letter, LetterGroup } from "../../api/letters";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Textarea } from "../../ui/Input";
import { Segmented } from "../../ui/Segmented";
import { bytesOf, type FieldChange, fieldChanges, fieldsOf, isText } from "./bytes";
import { Part } from "./Part";
import { repairs } from "./repairs";
import { Substitute } from "./Substitute";
import type { BenchActions } from "./useBench";
import { words } from "./words";

interface Props {
  name: string;
  letter: Letter;
  group: LetterGroup;
  draft: string;
  onDraft: (text: string) => void;
  actions: BenchActions;
  field: Ref<HTMLTextAreaElement>;
}

/** Make the record what it should be: this one, or all of its reason alike. */
export function Repair(props: Props) {
  const { letter, group, actions, name } = props;
  const [what, setWhat] = useState("one");
  return (
    <Part
      title={words.repair}
      note={letter.edited ? words.edited : null}
      after={
        <Segmented
          label={words.repairWhat}
          value={what}
          onChange={setWhat}
          segments={[
            { value: "one", label: words.repairOne },
            { value: "all", label: words.repairAll(count(group.open)) },
          ]}
        />
      }
    >
      {what === "one" ? <One {...props} /> : <Substitute name={name} letter={letter} group={group} actions={actions} />}
    </Part>
  );
}

function One({ letter, draft, onDraft, actions, field }: Props) {
  const isOpen = letter.state === "open";
  const canEdit = isText(bytesOf(letter.raw)) || letter.edited !== null;
  const stored = letter.edited?.text ?? letter.text;
  if (!canEdit) return <p className="p-3 text-muted">{words.notText}</p>;
  const offers = isOpen ? repairs(letter) : [];
  return (
    <div className="grid gap-4 p-3 @3xl:grid-cols-2">
      <div className="min-w-0">
        <Textarea
          ref={field}
          aria-label={words.edit}
          data-testid="letter-edit"
          rows={Math.min(10, Math.max(4, Math.ceil(draft.length / 44)))}
          spellCheck={false}
          readOnly={!isOpen}
          className="max-h-60 font-mono text-xs"
          value={draft}
          onChange={(event) => onDraft(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        {isOpen ? (
          <div className="mt-1 flex flex-wrap gap-1.5">
            {offers.map((offer) => (
              <Button key={offer.id} pressed={draft === offer.text} onClick={() => onDraft(offer.text)}>
                {words.repairs[offer.id]}
              </Button>
            ))}
            {draft !== letter.text || letter.edited ? (
              <Button
                look="ghost"
                disabled={actions.isBusy}
                onClick={() => {
                  onDraft(letter.text);
                  if (letter.edited) actions.edit.mutate({ letter, text: null });
                }}
              >
                {words.undoEdit}
              </Button>
            ) : null}
            {draft === stored ? null : (
              <Button
                data-testid="letter-keep"
                disabled={actions.isBusy}
                onClick={() => actions.edit.mutate({ letter, text: draft })}
              >
                {words.keep}
              </Button>
            )}
          </div>
        ) : (
          <p className="mt-1 text-muted">{words.settledEdit}</p>
        )}
      </div>
      <Changes letter={letter} draft={draft} />
    </div>
  );
}

const SHOWN = 6;

function Changes({ letter, draft }: { letter: Letter; draft: string }) {
  const after = fieldsOf(draft);
  if (!letter.fields || !after) return <p className="text-muted">{words.noJson}</p>;
  const changes = fieldChanges(letter.fields, after, letter.field);
  const most = Math.max(SHOWN, changes.filter((one) => one.changed).length);
  return (
    <table className="w-full self-start border-collapse text-xs">
      <thead>
        <tr className="text-left text-muted">
          <th className="pb-1 font-medium">{words.field}</th>
          <th className="pb-1 font-medium">{words.before}</th>
          <th className="pb-1 font-medium">{words.after}</th>
        </tr>
      </thead>
      <tbody className="font-mono">
        {changes.slice(0, most).map((one) => (
          <Change key={one.name} one={one} isFaulty={one.name === letter.field} />
        ))}
        {changes.length > most ? (
          <tr>
            <td colSpan={3} className="border-hair border-t pt-1 font-sans text-muted">
              {words.same(changes.length - most)}
            </td>
          </tr>
        ) : null}
      </tbody>
    </table>
  );
}

function Change({ one, isFaulty }: { one: FieldChange; isFaulty: boolean }) {
  return (
    <tr className="border-hair border-t" data-field={one.name} data-faulty={isFaulty || undefined}>
      <td className={cn("max-w-32 truncate py-1 pr-2", isFaulty && "font-semibold")}>{one.name}</td>
      <td className="max-w-40 truncate py-1 pr-2">
        <span
          className={cn(
            one.changed ? "rounded-sm bg-del px-1" : isFaulty ? "rounded-sm bg-err-soft px-1 text-err" : "text-muted",
          )}
        >
          {one.changed && one.before ? "− " : ""}
          {one.before}
        </span>
      </td>
      <td className="max-w-40 truncate py-1">
        <span className={one.changed && one.after ? "rounded-sm bg-add px-1" : "text-muted"}>
          {one.changed && one.after ? "+ " : ""}
          {one.after}
        </span>
      </td>
    </tr>
  );
}
