import { useState } from "react";
import type { Letter } from "../../api/letters";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { bytesOf, hexRows, isText, markedText } from "./bytes";
import { Part } from "./Part";
import { words } from "./words";

const MOST = 4_096;

/** The bytes as they came, the offending ones marked. */
export function RawBytes({ letter }: { letter: Letter }) {
  const bytes = bytesOf(letter.raw);
  const [look, setLook] = useState(isText(bytes) ? "text" : "bytes");
  const { span } = letter;
  return (
    <Part
      title={words.raw}
      note={
        bytes.length > MOST
          ? words.cut(count(MOST), count(bytes.length))
          : span
            ? words.marked(span[0], span[1] - 1)
            : words.size(count(letter.bytes))
      }
      after={
        <Segmented
          label={words.look}
          value={look}
          onChange={setLook}
          segments={[
            { value: "text", label: words.text },
            { value: "bytes", label: words.bytes },
          ]}
        />
      }
    >
      {look === "bytes" ? <Hex bytes={bytes} span={span} /> : <Marked bytes={bytes.subarray(0, MOST)} span={span} />}
    </Part>
  );
}

const MARK = "bg-err-soft text-err font-semibold";

function Marked({ bytes, span }: { bytes: Uint8Array; span: Letter["span"] }) {
  const [before, within, after] = markedText(bytes, span);
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
      tabIndex={0}
      data-testid="letter-text"
      className="max-h-52 overflow-auto whitespace-pre-wrap break-all px-3 py-2.5 font-mono text-xs"
    >
      {before}
      {within ? <mark className={cn(MARK, "rounded-sm contrast:underline")}>{within}</mark> : null}
      {after}
    </pre>
  );
}

function Hex({ bytes, span }: { bytes: Uint8Array; span: Letter["span"] }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
      tabIndex={0}
      aria-label={words.bytes}
      className="max-h-72 overflow-auto px-3 py-2.5"
      data-testid="letter-hex"
    >
      {hexRows(bytes, span, MOST).map((row) => (
        <div key={row.offset} className="flex gap-5 whitespace-pre font-mono text-xs leading-5">
          <span className="text-muted">{row.offset}</span>
          <span className="w-[26.5rem] shrink-0">
            {row.cells.map((cell, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: bytes have no other identity
              <span key={place} className={cn(cell.marked && MARK)}>
                {cell.hex}
                {place === 7 ? "  " : " "}
              </span>
            ))}
          </span>
          <span>
            {row.cells.map((cell, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: bytes have no other identity
              <span key={place} className={cn(cell.marked && MARK)}>
                {cell.letter}
              </span>
            ))}
          </span>
        </div>
      ))}
    </section>
  );
}
