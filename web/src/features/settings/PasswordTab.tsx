import { useState } from "react";
import { http } from "../../api/http";
import { useSession } from "../../api/session";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Input";
import { Field } from "./Field";
import { useSaving } from "./useSaving";
import { words } from "./words";

const LEAST = 8;

export function PasswordTab() {
  const session = useSession();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [shown, setShown] = useState(false);
  const saving = useSaving(
    () => http.post("/auth/password", { current, new: next }),
    ["sessions"],
    words.password.changed,
  );
  if (session?.mode === "local") return <p className="text-muted">{words.password.local}</p>;
  const short = next !== "" && next.length < LEAST;
  const differ = again !== "" && again !== next;
  const type = shown ? "text" : "password";
  const show = (
    <button type="button" className="text-muted text-xs hover:text-text" onClick={() => setShown(!shown)}>
      {shown ? words.password.hide : words.password.show}
    </button>
  );
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined, {
          onSuccess: () => {
            setCurrent("");
            setNext("");
            setAgain("");
          },
        });
      }}
    >
      <Field label={words.password.current}>
        {(id) => (
          <Input
            id={id}
            type={type}
            autoComplete="current-password"
            value={current}
            after={show}
            onChange={(event) => setCurrent(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.password.next} error={short ? words.password.short : undefined}>
        {(id) => (
          <Input
            id={id}
            type={type}
            autoComplete="new-password"
            invalid={short}
            value={next}
            onChange={(event) => setNext(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.password.again} error={differ ? words.password.differ : undefined}>
        {(id) => (
          <Input
            id={id}
            type={type}
            autoComplete="new-password"
            invalid={differ}
            value={again}
            onChange={(event) => setAgain(event.target.value)}
          />
        )}
      </Field>
      <Button
        type="submit"
        size="md"
        look="primary"
        className="self-start sm:ml-44"
        disabled={!current || next.length < LEAST || next !== again || saving.isPending}
      >
        {words.password.change}
      </Button>
    </form>
  );
}
