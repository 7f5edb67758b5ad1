import { Box, type LucideProps } from "lucide-react";
import { cn } from "./cn";
import { ICONS } from "./icons";

export interface IconProps extends Omit<LucideProps, "name" | "ref"> {
  /** A name of the catalogue (`list-tree`); `none` keeps the place empty. */
  name: string;
  size?: number;
}

/** An icon with a stroke of 1.5 px at every size; decoration, unless it gets an `aria-label`. */
export function Icon({ name, size = 16, className, ...rest }: IconProps) {
  if (name === "none") return <span className={cn("inline-block shrink-0", className)} style={{ width: size }} />;
  const Drawn = ICONS[name] ?? Box;
  return (
    <Drawn
      size={size}
      strokeWidth={(size >= 20 ? 1.5 : size >= 16 ? 1.4 : 1.35) * (24 / size)}
      aria-hidden={rest["aria-label"] ? undefined : true}
      className={cn("shrink-0", className)}
      {...rest}
    />
  );
}
