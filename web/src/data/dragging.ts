/** What is carried when a column is dragged into a field. */
export const COLUMN_DRAG = "application/x-runnel-column";
