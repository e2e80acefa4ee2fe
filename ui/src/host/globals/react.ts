// Airflow's React: a second copy would have hooks of its own, which fail inside Airflow's tree.
import type * as Library from "react";

const React = (globalThis as unknown as { React: typeof Library }).React;

export default React;
export const {
  Component,
  Fragment,
  Suspense,
  createContext,
  createElement,
  lazy,
  memo,
  startTransition,
  useCallback,
  useContext,
  useDeferredValue,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
  useSyncExternalStore,
  useTransition,
} = React;
