import { type FormEvent, useState } from "react";
import { http, Problem } from "../../api/http";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Input } from "../../ui/Input";
import { words } from "./words";

const LEAST = 8;

/** The one-time page behind the setup link: name and password of the first user. */
export function SetupPage({ token }: { token: string | undefined }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [refusal, setRefusal] = useState("");
  if (!token)
    return (
      <EmptyState icon="key" title={words.title}>
        {words.none}
      </EmptyState>
    );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await http.post("/auth/setup", { token, username, password });
      window.location.assign("/");
    } catch (error) {
      setRefusal(error instanceof Problem ? [error.what, error.hint].filter(Boolean).join(" ") : String(error));
    }
  };
  const short = password !== "" && password.length < LEAST;
  const differ = again !== "" && again !== password;
  return (
    <main className="grid h-full place-items-center p-6">
      <form onSubmit={submit} className="flex w-80 flex-col gap-2">
        <h1 className="font-semibold text-lg">{words.title}</h1>
        <p className="mb-3 text-muted">{words.text}</p>
        <Input
          aria-label={words.username}
          placeholder={words.username}
          autoComplete="username"
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <Input
          type="password"
          aria-label={words.password}
          placeholder={words.password}
          autoComplete="new-password"
          invalid={short}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Input
          type="password"
          aria-label={words.again}
          placeholder={words.again}
          autoComplete="new-password"
          invalid={differ}
          value={again}
          onChange={(event) => setAgain(event.target.value)}
        />
        <p role="alert" className="min-h-4 text-err text-xs">
          {refusal || (short ? words.short : differ ? words.differ : "")}
        </p>
        <Button
          type="submit"
          size="md"
          look="primary"
          disabled={!username || password.length < LEAST || password !== again}
        >
          {words.make}
        </Button>
      </form>
    </main>
  );
}
