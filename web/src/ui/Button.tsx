import { cva, type VariantProps } from "class-variance-authority";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cn } from "./cn";

const styles = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md border font-medium transition-colors duration-120 select-none disabled:pointer-events-none disabled:opacity-50 aria-disabled:opacity-50 contrast:border-2",
  {
    variants: {
      look: {
        plain: "border-border bg-surface text-text hover:bg-hover active:bg-press data-[state=open]:bg-press",
        primary: "border-accent bg-accent text-on-accent hover:border-accent-hover hover:bg-accent-hover",
        ghost:
          "border-transparent bg-transparent text-muted hover:bg-hover hover:text-text active:bg-press data-[state=open]:bg-press",
        danger: "border-border bg-surface text-err hover:bg-err-soft",
      },
      size: { sm: "h-7 px-2.5", md: "h-8 px-3" },
      pressed: { true: "bg-press text-text", false: "" },
    },
    defaultVariants: { look: "plain", size: "sm" },
  },
);

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, VariantProps<typeof styles> {
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/** A button with a word; one `primary` per page. */
export function Button({ look, size, pressed, icon, className, children, type = "button", ...rest }: ButtonProps) {
  return (
    <button type={type} className={cn(styles({ look, size, pressed }), className)} {...rest}>
      {icon}
      {children}
    </button>
  );
}
