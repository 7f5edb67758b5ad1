/** Words of the tour. */
export const words = {
  region: "Tour",
  start: "Take the three-minute tour",
  of: (step: number, all: number) => `${step} of ${all}`,
  skip: "Next",
  end: "End the tour",
  finish: "Done",
  steps: {
    begin: "Pick a sample or a template below, or drop a file of yours: it opens as a pipeline.",
    look: "Click a node on the canvas. Its rows stand below it, with the spread of every column.",
    keep: "Click a bar under a column's name and choose Keep: the gesture becomes a node.",
    change: "Change a setting on the right. The rows follow while you type; Ctrl Z takes it back.",
    chart: "Press Tab on the canvas, type “bar”, and add a chart.",
    run: "Press Run. Every wire says how many rows went through.",
    share: "Press Share: others see the chart by a link, and nothing else.",
    done: "That was it. Ctrl K finds everything else, ? shows the keys.",
  },
} as const;
