import type { ReactNode } from "react";
import { Button, type ButtonProps } from "./Button";
import { cn } from "./cn";
import { Tooltip } from "./Tooltip";

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "aria-label"> {
  label: string;
  keys?: string;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactNode;
}

/** A square button with an icon; its label is its tooltip and its name. */
export function IconButton({ label, keys, side, look = "ghost", className, children, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys} side={side}>
      <Button
        look={look}
        aria-label={label}
        className={cn("w-7 px-0", rest.size === "md" && "w-8", className)}
        {...rest}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
