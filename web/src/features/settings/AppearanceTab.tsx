import { useState } from "react";
import { Segmented } from "../../ui/Segmented";
import { chosenTheme, setTheme, type Theme } from "../../ui/theme";
import { Field } from "./Field";
import { words } from "./words";

const THEMES: readonly Theme[] = ["system", "light", "dark", "contrast"];

export function AppearanceTab() {
  const [theme, choose] = useState<Theme>(chosenTheme);
  return (
    <div className="flex flex-col gap-4">
      <Field label={words.appearance.theme}>
        {() => (
          <Segmented
            label={words.appearance.theme}
            value={theme}
            onChange={(next) => {
              const found = THEMES.find((one) => one === next) ?? "system";
              setTheme(found);
              choose(found);
            }}
            segments={THEMES.map((one) => ({ value: one, label: words.appearance.themes[one] ?? one }))}
          />
        )}
      </Field>
    </div>
  );
}
