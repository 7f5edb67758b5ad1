import { useEffect, useState } from "react";
import { Input } from "../ui/Input";

/** The name of an entry: written freely, taken over when the field is left or Enter is pressed. */
export function KeyInput({
  value,
  onCommit,
  label,
  className,
  autoFocus,
}: {
  value: string;
  onCommit: (value: string) => void;
  label: string;
  className?: string;
  autoFocus?: boolean;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = () => {
    const wanted = text.trim();
    if (wanted && wanted !== value) onCommit(wanted);
    else setText(value);
  };
  return (
    <Input
      compact
      autoFocus={autoFocus}
      aria-label={label}
      placeholder={label}
      className={className}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onFocus={(event) => autoFocus && event.target.select()}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
