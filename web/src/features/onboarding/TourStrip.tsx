import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useStore } from "zustand";
import { useEditor } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { goTo, isDone, type Mark, markOf, next, STEPS, type Step, tour } from "./tour";
import { words } from "./words";

/** The present step, in a line of its own that covers nothing. */
function Strip({ step }: { step: Step }) {
  const last = step === "done";
  return (
    <section
      aria-label={words.region}
      data-testid="tour"
      data-step={step}
      className="flex min-h-9 shrink-0 items-center gap-3 border-b bg-accent-soft px-3.5 py-1 contrast:border-b-2"
    >
      <Icon name="map-pin" size={16} className="text-accent" />
      <span className="num text-muted text-xs">{words.of(STEPS.indexOf(step) + 1, STEPS.length)}</span>
      <span aria-live="polite" className="min-w-0 flex-1">
        {words.steps[step]}
      </span>
      {last ? (
        <Button onClick={() => goTo(null)}>{words.finish}</Button>
      ) : (
        <>
          {step === "begin" ? null : (
            <Button look="ghost" onClick={() => next(step)}>
              {words.skip}
            </Button>
          )}
          <IconButton label={words.end} onClick={() => goTo(null)}>
            <Icon name="x" size={14} />
          </IconButton>
        </>
      )}
    </section>
  );
}

/** The tour in the editor: it moves on when the person has done what it says. */
export function EditorTour() {
  const editor = useEditor();
  const step = useStore(tour, (state) => state.step);
  const began = useRef<Mark | null>(null);
  useEffect(() => {
    if (step === null) return;
    began.current = markOf(editor.store.getState());
    const look = () => {
      if (began.current && isDone(step, began.current, editor.store.getState(), editor.view.getState())) next(step);
    };
    look();
    const ends = [editor.store.subscribe(look), editor.view.subscribe(look)];
    return () => {
      for (const end of ends) end();
    };
  }, [editor, step]);
  return step ? <Strip step={step} /> : null;
}

/** The tour on the first page, where it begins. */
export function HomeTour() {
  const step = useStore(tour, (state) => state.step);
  if (step === "begin") return <Strip step={step} />;
  return null;
}

/** The offer of the tour; nobody is asked. */
export function TourLink() {
  const step = useStore(tour, (state) => state.step);
  const navigate = useNavigate();
  if (step !== null) return null;
  return (
    <button
      type="button"
      data-testid="start-tour"
      className="mt-2 inline-flex items-center gap-1.5 self-start text-accent hover:underline"
      onClick={() => {
        goTo("begin");
        void navigate({ to: "/" });
      }}
    >
      <Icon name="map-pin" size={14} />
      {words.start}
    </button>
  );
}
