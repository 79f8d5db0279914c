/** A line with two ends. Every operation is O(1) on average. */
export interface Deque<T> {
  readonly size: number;
  push(item: T): void;
  unshift(item: T): void;
  peek(): T | undefined;
  shift(): T | undefined;
}

/** Empty places at the front before the array is moved up. */
const COMPACT_AT = 1024;

/**
 * An array and the index of its first item. `Array.shift` alone moves every item once an array is
 * longer than about 16,000, which a full queue would pay at each event.
 */
export function createDeque<T>(): Deque<T> {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    unshift(item) {
      if (head === 0) {
        items.unshift(item);
        return;
      }
      head -= 1;
      items[head] = item;
    },
    peek() {
      return items[head];
    },
    shift() {
      if (head === items.length) return undefined;
      const item = items[head];
      items[head] = undefined;
      head += 1;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head >= COMPACT_AT && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
