/* The strongest of named weights: the heavier first, of equals the smaller name. */
#ifndef OPINION_STREAM_RANKING_H
#define OPINION_STREAM_RANKING_H

#include <Python.h>

typedef struct {
    double value;
    PyObject *name;
    int32_t number;  /* for the caller */
} Ranked;

static inline int before(const Ranked *a, const Ranked *b)
{
    return a->value != b->value ? a->value > b->value : PyUnicode_Compare(a->name, b->name) < 0;
}

static inline void sift(Ranked *heap, int32_t size, int32_t at)
{
    for (int32_t child; (child = 2 * at + 1) < size; at = child) {
        if (child + 1 < size && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &heap[at]))
            return;
        Ranked swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

static inline void make_heap(Ranked *heap, int32_t size)
{
    for (int32_t at = size / 2 - 1; at >= 0; at--)
        sift(heap, size, at);
}

/* Takes the first out of a heap of at least one. */
static inline Ranked pop_heap(Ranked *heap, int32_t *size)
{
    Ranked first = heap[0];
    heap[0] = heap[--*size];
    sift(heap, *size, 0);
    return first;
}

#endif
