/** Words of the first start on a server, and of registration by invitation. */
export const words = {
  title: "Make the first user",
  text: "This link was printed at the server's console. It is good once, for 15 minutes; the first user is an admin.",
  none: "Open the setup link that the server printed; it carries a token.",
  username: "User name",
  password: "Password",
  again: "Password again",
  short: "At least 8 characters.",
  differ: "The two are not the same.",
  make: "Create and sign in",
} as const;
