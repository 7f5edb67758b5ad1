import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, Problem } from "../api/http";
import { modeOfEntry, sessionKey } from "../api/session";
import { Button } from "../ui/Button";
import { Input } from "../ui/Input";
import { Brand } from "./Brand";
import { words } from "./words";

/** The way in: the printed link, or a name and a password where the server has users. */
export function SignedOut() {
  const queries = useQueryClient();
  const hasUsers = modeOfEntry() === "users";
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await http.post("/auth/login", { username, password });
      // What was read before was another one's to see.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
      await queries.invalidateQueries({ queryKey: sessionKey });
    } catch (error) {
      setRefusal(error instanceof Problem ? [error.what, error.hint].filter(Boolean).join(" ") : String(error));
    }
  };
  return (
    <main className="grid h-full place-items-center p-6">
      <div className="w-80">
        <Brand />
        <h1 className="mt-2 font-semibold text-lg">{hasUsers ? words.signedOut.users : words.signedOut.title}</h1>
        <p className="mt-1 text-muted">
          {hasUsers ? (
            words.signedOut.usersText
          ) : (
            <>
              {words.signedOut.text} <code className="text-text">{words.signedOut.command}</code>
            </>
          )}
        </p>
        <form onSubmit={submit} className="mt-6 flex flex-col gap-2 border-t pt-5">
          <Input
            aria-label={words.signedOut.user}
            placeholder={words.signedOut.user}
            autoComplete="username"
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
          <Input
            type="password"
            aria-label={words.signedOut.password}
            placeholder={words.signedOut.password}
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          {refusal ? (
            <p role="alert" className="text-err text-xs">
              {refusal}
            </p>
          ) : null}
          <Button type="submit" size="md" disabled={!username || !password}>
            {words.signedOut.signIn}
          </Button>
        </form>
      </div>
    </main>
  );
}
