import { useId } from "react";
import { Input } from "../ui/Input";

/** Text with offers: the browser's own list, so that anything else can be typed. */
export function OfferedInput({
  id,
  value,
  onChange,
  offers,
  placeholder,
  invalid,
  readOnly,
  className,
  icon,
}: {
  id?: string;
  value: string;
  onChange: (value: string) => void;
  offers: readonly { value: string; label?: string }[];
  placeholder?: string;
  invalid?: boolean;
  readOnly?: boolean;
  className?: string;
  icon?: React.ReactNode;
}) {
  const list = useId();
  return (
    <>
      <Input
        id={id}
        className={className ?? "w-full"}
        before={icon}
        list={list}
        value={value}
        placeholder={placeholder}
        invalid={invalid}
        readOnly={readOnly}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={list}>
        {offers.map((offer) => (
          <option key={offer.value} value={offer.value}>
            {offer.label}
          </option>
        ))}
      </datalist>
    </>
  );
}
