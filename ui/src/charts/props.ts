// What every chart of a study is given.
import type { Study } from "../api/types";
import type { Selected, Selecting } from "../filter/selection";
import type { Frame } from "../frame/frame";

export interface StudyChart {
  study: Study;
  frame: Frame;
  selected: Selected;
  selecting: Selecting;
  /** Opens the trial of a row; undefined opens nothing. */
  onTrial: (row: number | undefined) => void;
}
