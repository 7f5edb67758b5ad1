import { useEffect, useMemo, useRef, useState } from "react";
import { categoryOf } from "../../../document/category";
import { type Found, searchKinds } from "../../../document/search";
import type { KindInfo } from "../../../document/types";
import { typeWords } from "../../../document/typing";
import { useEditor, useEditorState, useEditorView } from "../../../editor/react";
import type { AddRequest } from "../../../editor/view";
import { cn } from "../../../ui/cn";
import { Icon } from "../../../ui/Icon";
import { Kbd } from "../../../ui/Kbd";
import { PortShape } from "../node/PortShape";
import { words } from "../words";
import { addKind, fits, indexOf, recentKinds, refusedWords, wantedTypes } from "./adding";
import { KindDetail } from "./KindDetail";

const WIDTH = 428;
const HEIGHT = 326;

/** The menu that adds a node where it was asked for. */
export function AddMenu() {
  const request = useEditorView((view) => view.add);
  return request ? <Opened key={request.screen.join()} request={request} /> : null;
}

function useOffers(request: AddRequest, phrase: string) {
  const scene = useEditorState((state) => state.scene);
  return useMemo(() => {
    const wanted = wantedTypes(scene, request);
    const index = indexOf(scene.catalogue);
    const recent = recentKinds();
    const all = searchKinds(index, phrase).filter((found) => fits(found.kind, wanted));
    const place = (found: Found) => (recent.includes(found.kind.kind) ? recent.indexOf(found.kind.kind) : 99);
    const offers = phrase.trim() === "" ? all.toSorted((a, b) => place(a) - place(b)) : all;
    const count = [...scene.catalogue.values()].filter((kind) => fits(kind, wanted)).length;
    return {
      offers,
      wanted,
      count,
      total: scene.catalogue.size,
      refused: refusedWords(scene.catalogue.values(), wanted),
    };
  }, [scene, request, phrase]);
}

function placeOf([x, y]: readonly [number, number]): { left: number; top: number } {
  return {
    left: Math.max(8, Math.min(x, innerWidth - WIDTH - 8)),
    top: Math.max(52, Math.min(y, innerHeight - HEIGHT - 32)),
  };
}

function Opened({ request }: { request: AddRequest }) {
  const editor = useEditor();
  const [phrase, setPhrase] = useState(request.search ?? "");
  const [place, setPlace] = useState(0);
  const { offers, wanted, count, total, refused } = useOffers(request, phrase);
  const box = useRef<HTMLDivElement>(null);
  const current = offers[Math.min(place, offers.length - 1)];
  const close = () => {
    editor.view.setState({ add: null });
    editor.view.getState().canvas?.focus();
  };
  const choose = (kind: KindInfo) => addKind(editor, kind, request);
  useCloseOutside(box, close);
  const keys = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && current) choose(current.kind);
    else if (event.key === "ArrowDown" || (event.key === "Tab" && !event.shiftKey)) {
      setPlace((before) => Math.min(before + 1, offers.length - 1));
    } else if (event.key === "ArrowUp" || event.key === "Tab") setPlace((before) => Math.max(before - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      role="dialog"
      aria-label={words.add.label}
      data-testid="add-menu"
      className="fixed z-30 flex flex-col overflow-hidden rounded-xl bg-raised shadow-menu"
      style={{ ...placeOf(request.screen), width: WIDTH, height: HEIGHT }}
      onKeyDown={keys}
    >
      <div className="flex h-10 shrink-0 items-center gap-2 border-b px-3">
        <Icon name="search" className="text-muted" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the menu was opened to write into it
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="add-list"
          aria-activedescendant={current ? `add-${current.kind.kind}` : undefined}
          aria-label={words.add.label}
          placeholder={words.add.placeholder}
          className="min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-muted"
          value={phrase}
          onChange={(event) => {
            setPhrase(event.target.value);
            setPlace(0);
          }}
        />
        <Wanted wanted={wanted} text={words.add.of(count, total)} />
      </div>
      <div className="flex min-h-0 flex-1">
        <div
          id="add-list"
          role="listbox"
          aria-label={words.add.label}
          className="w-[236px] shrink-0 overflow-auto border-r p-1"
        >
          {offers.map((found, index) => (
            <Offer
              key={found.kind.kind}
              found={found}
              phrase={phrase}
              active={found === current}
              onChoose={choose}
              onHover={() => setPlace(index)}
            />
          ))}
          {offers.length === 0 ? (
            <div className="p-3 text-muted text-xs">
              <p className="text-text">{words.add.none}</p>
              <p className="mt-1">{words.add.noneHint}</p>
            </div>
          ) : null}
        </div>
        {current ? <KindDetail kind={current.kind} /> : null}
      </div>
      <div className="flex h-8 shrink-0 items-center gap-1 border-t px-3 text-muted text-xs">
        <span className="flex-1 truncate">{refused}</span>
        <Kbd keys="ArrowUp" />
        <Kbd keys="ArrowDown" />
        <Kbd keys="Enter" className="ml-2" />
        <Kbd keys="Escape" />
      </div>
    </div>
  );
}

function Wanted({ wanted, text }: { wanted: { takes: string | null; gives: string | null }; text: string }) {
  const type = wanted.takes ?? wanted.gives;
  return (
    <span className="num flex items-center gap-1 whitespace-nowrap text-muted text-xs">
      {type ? (
        <>
          {wanted.takes ? words.add.takes : words.add.gives}
          <PortShape type={type} size={11} />
          {typeWords(type)} ·{" "}
        </>
      ) : null}
      {text}
    </span>
  );
}

interface OfferProps {
  found: Found;
  phrase: string;
  active: boolean;
  onChoose: (kind: KindInfo) => void;
  onHover: () => void;
}

function Offer({ found: { kind, why }, phrase, active, onChoose, onHover }: OfferProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) row.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above chooses by arrow keys and Enter
    <div
      ref={row}
      id={`add-${kind.kind}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      data-testid="add-item"
      data-kind={kind.kind}
      data-category={categoryOf(kind.kind)}
      className={cn(
        "category flex h-10.5 items-center gap-2.5 rounded-md px-2",
        active && "bg-accent-soft contrast:outline-2 contrast:outline-accent contrast:-outline-offset-2",
      )}
      onPointerMove={onHover}
      onClick={() => onChoose(kind)}
    >
      <Icon name={kind.icon} className="category-icon" />
      <span className="min-w-0 flex-1">
        <span className="block truncate">{kind.title}</span>
        <span className="block truncate text-muted text-xs leading-[14px]">
          <Marked text={why || kind.summary} phrase={phrase} />
        </span>
      </span>
      {active ? <Kbd keys="Enter" /> : null}
    </div>
  );
}

/** The words that were written, marked where they stand. */
function Marked({ text, phrase }: { text: string; phrase: string }) {
  const parts = phrase
    .trim()
    .split(/\s+/)
    .filter((word) => word.length > 1);
  if (parts.length === 0) return text;
  const pattern = new RegExp(`(${parts.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
  return text.split(pattern).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never change places
      <mark key={index} className="bg-transparent font-semibold text-accent">
        {part}
      </mark>
    ) : (
      part
    ),
  );
}

export function useCloseOutside(box: React.RefObject<HTMLElement | null>, close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) latest.current();
    };
    addEventListener("pointerdown", outside, true);
    return () => removeEventListener("pointerdown", outside, true);
  }, [box]);
}
