/** The types under which things are put into a drag. */
export const KIND_TYPE = "application/x-runnel-kind";
