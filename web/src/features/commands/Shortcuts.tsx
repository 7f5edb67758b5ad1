import { Fragment } from "react";
import type { Action } from "../../editor/actions";
import { Dialog } from "../../ui/Dialog";
import { Kbd } from "../../ui/Kbd";
import { Switch } from "../../ui/Switch";
import { words } from "./words";

export interface ShortcutsProps {
  open: boolean;
  onClose: () => void;
  actions: readonly Action[];
  letterKeys: boolean;
  onLetterKeys: (on: boolean) => void;
}

/** All actions with their keys. */
export function Shortcuts({ open, onClose, actions, letterKeys, onLetterKeys }: ShortcutsProps) {
  const groups = new Map<string, Action[]>();
  for (const action of actions) {
    if (action.keys?.length) groups.set(action.group, [...(groups.get(action.group) ?? []), action]);
  }
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={words.shortcuts}
      description={words.shortcutsHint}
      wide
      testid="shortcuts"
    >
      <div className="mb-3">
        <Switch checked={letterKeys} onChange={onLetterKeys} label={words.letterKeys} />
      </div>
      <div className="columns-1 gap-8 sm:columns-2 lg:columns-3">
        {[...groups].map(([group, list]) => (
          <section key={group} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 font-medium text-muted text-xs">{group}</h3>
            <dl>
              {list.map((action) => (
                <div key={action.id} className="flex min-h-7 items-center gap-2 border-hair border-b">
                  <dt className="flex-1">{action.label}</dt>
                  <dd className="flex gap-1">
                    {action.keys?.slice(0, 2).map((keys) => (
                      <Fragment key={keys}>
                        <Kbd keys={keys} />
                      </Fragment>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
