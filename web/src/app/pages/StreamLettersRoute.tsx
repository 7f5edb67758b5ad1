import { Link, useParams, useSearch } from "@tanstack/react-router";
import { letters } from "../../api/letters";
import { BenchPage } from "../../features/letters/BenchPage";
import { words as own } from "../../features/letters/words";
import { Icon } from "../../ui/Icon";
import { Page } from "../Page";
import { words } from "../words";

const LOOK =
  "inline-flex h-7 items-center gap-1.5 whitespace-nowrap rounded-md border bg-surface px-2.5 font-medium hover:bg-hover max-sm:hidden contrast:border-2";

export function StreamLettersRoute() {
  const { name } = useParams({ from: "/streams/$name/dead-letters" });
  const { node } = useSearch({ from: "/streams/$name/dead-letters" });
  return (
    <Page
      crumbs={[
        { label: words.rail.streams, to: "/streams" },
        { label: name, to: `/streams/${name}` },
        { label: own.crumb },
      ]}
      permission="streams.view"
      actions={
        <span className="flex items-center gap-1.5">
          <Link to="/pipelines/$name" params={{ name }} search={{}} className={LOOK}>
            <Icon name="workflow" size={14} />
            {own.openPipeline}
          </Link>
          <a href={letters.exportAddress(name)} download title={own.exportHint} className={LOOK}>
            <Icon name="download" size={14} />
            {own.export}
          </a>
        </span>
      }
    >
      <BenchPage name={name} node={node} />
    </Page>
  );
}
