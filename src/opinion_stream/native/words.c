/* Every occurrence of many words in a text: the inner loops of domain/assessment/lexicon.py, which tells what each is for.
 *
 * A trie whose edges stand in one hash table. Most places of a text are passed by a look at two characters, which few
 * words begin with.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "interface.h"

#define PAIRS 16 /* bits of the hash of two characters */

typedef struct {
    uint64_t key; /* (node << 32) + character; 0 for none, since nodes count from 1 */
    int32_t child;
} Edge;

typedef struct {
    int32_t number, start, end;
} Hit;

typedef struct {
    PyObject_HEAD
    PyObject *table; /* a list of tuples: the words of each number */
    Edge *edges;
    uint64_t mask;
    int32_t *numbers;   /* of the word that ends in a node, -1 for none */
    int32_t nodes;
    uint32_t *marks, mark; /* numbers met in the text in hand */
    unsigned char pairs[1 << (PAIRS - 3)], singles[1 << 13];
    Hit *hits;
    Py_ssize_t room;
} Finder;

typedef struct {
    PyObject_VAR_HEAD
    PyObject *words;
    Hit hits[];
} Found;

static PyTypeObject *found_type;

static Edge *edge_of(const Finder *self, int32_t node, Py_UCS4 character)
{
    uint64_t key = ((uint64_t)(uint32_t)node << 32) + character;
    uint64_t at = key * 0x9E3779B97F4A7C15u;
    at ^= at >> 29;
    for (;; at++) {
        Edge *edge = &self->edges[at & self->mask];
        if (edge->key == key || edge->key == 0)
            return edge;
    }
}

static uint32_t pair_of(Py_UCS4 one, Py_UCS4 two)
{
    return ((one * 0x9E3779B1u) ^ (two * 0x85EBCA6Bu)) >> (32 - PAIRS);
}

static uint32_t single_of(Py_UCS4 one)
{
    return one & 0xFFFF;
}

#define SET_BIT(bits, at) ((bits)[(at) >> 3] |= (unsigned char)(1 << ((at) & 7)))
#define HAS_BIT(bits, at) ((bits)[(at) >> 3] >> ((at) & 7) & 1)

static int add_word(Finder *self, PyObject *word, int32_t number)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(word);
    int kind = PyUnicode_KIND(word);
    const void *data = PyUnicode_DATA(word);
    int32_t node = 1;
    if (size == 0) {
        PyErr_SetString(PyExc_ValueError, "a word is empty");
        return -1;
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        Edge *edge = edge_of(self, node, PyUnicode_READ(kind, data, i));
        if (edge->key == 0) {
            edge->key = ((uint64_t)(uint32_t)node << 32) + PyUnicode_READ(kind, data, i);
            edge->child = ++self->nodes;
            self->numbers[self->nodes] = -1;
        }
        node = edge->child;
    }
    self->numbers[node] = number;
    if (size == 1)
        SET_BIT(self->singles, single_of(PyUnicode_READ(kind, data, 0)));
    else
        SET_BIT(self->pairs, pair_of(PyUnicode_READ(kind, data, 0), PyUnicode_READ(kind, data, 1)));
    return 0;
}

/* Finder(words, table): distinct words, folded, and for each the words that it stands for. */
static int initialise(Finder *self, PyObject *args, PyObject *named)
{
    PyObject *words, *table;
    if (self->table != NULL) {
        PyErr_SetString(PyExc_TypeError, "made already");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "O!O!", &PyList_Type, &words, &PyList_Type, &table))
        return -1;
    Py_ssize_t count = PyList_GET_SIZE(words), characters = 0;
    uint64_t room = 64;
    if (PyList_GET_SIZE(table) != count) {
        PyErr_SetString(PyExc_ValueError, "words and table differ in length");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyUnicode_Check(PyList_GET_ITEM(words, i)) || !PyTuple_Check(PyList_GET_ITEM(table, i))) {
            PyErr_SetString(PyExc_TypeError, "Finder(words: list of str, table: list of tuples)");
            return -1;
        }
        characters += PyUnicode_GET_LENGTH(PyList_GET_ITEM(words, i));
    }
    if (characters > (1 << 28)) {
        PyErr_SetString(PyExc_ValueError, "too many words");
        return -1;
    }
    while (room < 3 * (uint64_t)characters)
        room *= 2;
    self->mask = room - 1;
    self->edges = PyMem_Calloc(room, sizeof(Edge));
    self->numbers = PyMem_Malloc((size_t)(characters + 2) * sizeof(int32_t));
    self->marks = PyMem_Calloc((size_t)count + 1, sizeof(uint32_t));
    if (self->edges == NULL || self->numbers == NULL || self->marks == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->nodes = 1;
    self->numbers[1] = -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (add_word(self, PyList_GET_ITEM(words, i), (int32_t)i) < 0)
            return -1;
    self->table = Py_NewRef(table);
    return 0;
}

static int add_hit(Finder *self, Py_ssize_t at, Hit hit)
{
    if (at == self->room) {
        Py_ssize_t room = self->room * 2 + 256;
        Hit *larger = PyMem_Realloc(self->hits, (size_t)room * sizeof(Hit));
        if (larger == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->hits = larger;
        self->room = room;
    }
    self->hits[at] = hit;
    return 0;
}

/* All hits of a text in `hits`, by start, at one start the longest first. Returns their number. */
static Py_ssize_t find(Finder *self, const Py_UCS4 *text, Py_ssize_t size)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t start = 0; start < size; start++) {
        int single = HAS_BIT(self->singles, single_of(text[start]));
        if (!single && (start + 1 == size || !HAS_BIT(self->pairs, pair_of(text[start], text[start + 1]))))
            continue;
        Py_ssize_t first = count;
        int32_t node = 1;
        for (Py_ssize_t end = start; end < size; end++) {
            const Edge *edge = edge_of(self, node, text[end]);
            if (edge->key == 0)
                break;
            node = edge->child;
            if (self->numbers[node] < 0)
                continue;
            Hit hit = {self->numbers[node], (int32_t)start, (int32_t)end + 1};
            if (add_hit(self, count++, hit) < 0)
                return -1;
        }
        for (Py_ssize_t last = count - 1; first < last; first++, last--) {
            Hit swap = self->hits[first];
            self->hits[first] = self->hits[last];
            self->hits[last] = swap;
        }
    }
    return count;
}

static PyObject *words_of(Finder *self, Py_ssize_t count)
{
    PyObject *words = PyFrozenSet_New(NULL);
    if (++self->mark == 0) {
        memset(self->marks, 0, (size_t)PyList_GET_SIZE(self->table) * sizeof(uint32_t));
        self->mark = 1;
    }
    for (Py_ssize_t i = 0; words != NULL && i < count; i++) {
        int32_t number = self->hits[i].number;
        if (self->marks[number] == self->mark)
            continue;
        self->marks[number] = self->mark;
        PyObject *same = PyList_GET_ITEM(self->table, number);
        for (Py_ssize_t k = 0; words != NULL && k < PyTuple_GET_SIZE(same); k++)
            if (PySet_Add(words, PyTuple_GET_ITEM(same, k)) < 0)
                Py_CLEAR(words);
    }
    return words;
}

/* Letters of ASCII become capitals; these ranges have none that could. */
static int has_no_case(Py_UCS4 c)
{
    return c < 0x80 || (c >= 0x2000 && c < 0x2070) || (c >= 0x2E80 && c < 0xA640) || (c >= 0xFF01 && c < 0xFF21);
}

/* scan(text, folded) -> Found; None for a text that is not `folded` and has letters whose capitals only Python knows. */
static PyObject *scan(Finder *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(args[0]) || !PyBool_Check(args[1]) || self->table == NULL) {
        PyErr_SetString(PyExc_TypeError, "scan(text: str, folded: bool)");
        return NULL;
    }
    int kind = PyUnicode_KIND(args[0]), folded = args[1] == Py_True;
    const void *data = PyUnicode_DATA(args[0]);
    Py_ssize_t size = PyUnicode_GET_LENGTH(args[0]);
    Py_UCS4 *text = size > INT32_MAX ? NULL : PyMem_Malloc((size_t)size * sizeof(Py_UCS4) + 1);
    if (text == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < size; i++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, i);
        if (!folded && !has_no_case(character)) {
            PyMem_Free(text);
            Py_RETURN_NONE;
        }
        text[i] = !folded && character >= 'a' && character <= 'z' ? character - 32 : character;
    }
    Py_ssize_t hits = find(self, text, size);
    PyMem_Free(text);
    PyObject *words = hits < 0 ? NULL : words_of(self, hits);
    Found *found = words == NULL ? NULL : (Found *)found_type->tp_alloc(found_type, hits);
    if (found == NULL) {
        Py_XDECREF(words);
        return NULL;
    }
    found->words = words;
    if (hits > 0)
        memcpy(found->hits, self->hits, (size_t)hits * sizeof(Hit));
    return (PyObject *)found;
}

static void release_finder(Finder *self)
{
    PyMem_Free(self->edges);
    PyMem_Free(self->numbers);
    PyMem_Free(self->marks);
    PyMem_Free(self->hits);
    Py_XDECREF(self->table);
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* longest(names) -> [(start, name)]: `names` has a name or None for each number. */
static PyObject *longest(Found *self, PyObject *names)
{
    if (!PyList_Check(names)) {
        PyErr_SetString(PyExc_TypeError, "longest(names: list)");
        return NULL;
    }
    PyObject *kept = PyList_New(0);
    int32_t reach = 0;
    for (Py_ssize_t i = 0; kept != NULL && i < Py_SIZE(self); i++) {
        Hit hit = self->hits[i];
        if (hit.start < reach || hit.number >= PyList_GET_SIZE(names))
            continue;
        PyObject *name = PyList_GET_ITEM(names, hit.number);
        if (name == Py_None)
            continue;
        PyObject *pair = Py_BuildValue("(iO)", hit.start, name);
        if (pair == NULL || PyList_Append(kept, pair) < 0)
            Py_CLEAR(kept);
        Py_XDECREF(pair);
        reach = hit.end;
    }
    return kept;
}

static PyObject *triples(Found *self, PyObject *unused)
{
    PyObject *result = PyList_New(Py_SIZE(self));
    for (Py_ssize_t i = 0; result != NULL && i < Py_SIZE(self); i++) {
        PyObject *triple = Py_BuildValue("(iii)", self->hits[i].number, self->hits[i].start, self->hits[i].end);
        if (triple == NULL)
            Py_CLEAR(result);
        else
            PyList_SET_ITEM(result, i, triple);
    }
    return result;
}

static PyObject *words(Found *self, void *unused)
{
    return Py_NewRef(self->words);
}

static void release_found(Found *self)
{
    Py_XDECREF(self->words);
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef finder_methods[] = {
    {"scan", (PyCFunction)(void (*)(void))scan, METH_FASTCALL, "Every occurrence of every word."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot finder_slots[] = {
    {Py_tp_methods, finder_methods}, {Py_tp_init, initialise}, {Py_tp_dealloc, release_finder}, {0, NULL}};
static PyType_Spec finder_spec = {"opinion_stream.native.words.Finder", sizeof(Finder), 0, Py_TPFLAGS_DEFAULT,
                                  finder_slots};

static PyMethodDef found_methods[] = {
    {"longest", (PyCFunction)longest, METH_O, "The longest of some words at each place."},
    {"triples", (PyCFunction)triples, METH_NOARGS, "(number, start, end) of each hit."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef found_fields[] = {{"words", (getter)words, NULL, "The words found.", NULL}, {NULL}};
static PyType_Slot found_slots[] = {
    {Py_tp_methods, found_methods}, {Py_tp_getset, found_fields}, {Py_tp_dealloc, release_found}, {0, NULL}};
static PyType_Spec found_spec = {"opinion_stream.native.words.Found", sizeof(Found), sizeof(Hit),
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, found_slots};

static int fill(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&finder_spec);
    int failed = type == NULL ? -1 : PyModule_AddObjectRef(module, "Finder", type);
    Py_XDECREF(type);
    if (failed == 0 && found_type == NULL)
        found_type = (PyTypeObject *)PyType_FromSpec(&found_spec);
    return failed < 0 || found_type == NULL ? -1 : ADD_INTERFACE(module);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "words", "See words.c.", 0, NULL, module_slots,
                                 NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_words(void)
{
    return PyModuleDef_Init(&definition);
}
