/* The signs of a text: inner loops of domain/collection/clean.py, domain/incidents/wording.py and
 * domain/assessment/idf.py, which tell what each is for.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "interface.h"

/* words_only(text, table): table[c] is what becomes of the character c below 65536: 0 left out, 1 kept, 2 kept as a small
 * letter (ASCII capitals). None where a character needs more than that (3, or beyond the table). */
static PyObject *words_only(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(args[0]) || !PyBytes_Check(args[1]) || PyBytes_GET_SIZE(args[1]) != 65536) {
        PyErr_SetString(PyExc_TypeError, "words_only(text: str, table: bytes of 65536)");
        return NULL;
    }
    const unsigned char *table = (const unsigned char *)PyBytes_AS_STRING(args[1]);
    int kind = PyUnicode_KIND(args[0]);
    const void *data = PyUnicode_DATA(args[0]);
    Py_ssize_t size = PyUnicode_GET_LENGTH(args[0]), kept = 0;
    Py_UCS2 *words = PyMem_Malloc((size_t)size * sizeof(Py_UCS2) + 1);
    if (words == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < size; i++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, i);
        unsigned char what = character < 65536 ? table[character] : 3;
        if (what == 3) {
            PyMem_Free(words);
            Py_RETURN_NONE;
        }
        if (what != 0)
            words[kept++] = (Py_UCS2)(what == 2 ? character + 32 : character);
    }
    PyObject *result = PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, words, kept);
    PyMem_Free(words);
    return result;
}

/* shingles(raw, size, step): all runs of `size` bytes that begin at a multiple of `step`, without zeros at their ends. */
static PyObject *shingles(PyObject *module, PyObject *args)
{
    const char *raw;
    Py_ssize_t length, size, step;
    if (!PyArg_ParseTuple(args, "y#nn", &raw, &length, &size, &step))
        return NULL;
    if (size < 1 || step < 1) {
        PyErr_SetString(PyExc_ValueError, "size and step must be positive");
        return NULL;
    }
    Py_ssize_t number = length < size ? 0 : (length - size) / step + 1;
    PyObject *result = PyList_New(number);
    for (Py_ssize_t i = 0; result != NULL && i < number; i++) {
        Py_ssize_t told = size;
        while (told > 0 && raw[i * step + told - 1] == 0)
            told--;
        PyObject *run = PyBytes_FromStringAndSize(raw + i * step, told);
        if (run == NULL)
            Py_CLEAR(result);
        else
            PyList_SET_ITEM(result, i, run);
    }
    return result;
}

#define GRAM 4
enum { IN_ONE = 1, IN_OTHER = 2, IN_BOTH = 3 };

/* The shingles of two texts, by their hash: a shingle is four UTF-16 units, one number of 64 bits. */
typedef struct {
    uint64_t *grams;
    unsigned char *where; /* 0 for a free place */
    uint64_t mask;
} Grams;

static uint64_t gram_at(const char *raw, Py_ssize_t at)
{
    uint64_t gram;
    memcpy(&gram, raw + 2 * at, sizeof(gram));
    return gram;
}

static uint64_t place_of_gram(const Grams *all, uint64_t gram)
{
    uint64_t at = gram * 0x9E3779B97F4A7C15u;
    for (at = (at ^ at >> 32) & all->mask; all->where[at] != 0 && all->grams[at] != gram; at = (at + 1) & all->mask)
        ;
    return at;
}

/* Notes the shingles of a text; returns how many different ones it has. */
static Py_ssize_t note_grams(Grams *all, const char *raw, Py_ssize_t count, unsigned char where)
{
    Py_ssize_t different = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        uint64_t gram = gram_at(raw, i), at = place_of_gram(all, gram);
        different += (all->where[at] & where) == 0;
        all->grams[at] = gram;
        all->where[at] |= where;
    }
    return different;
}

static int add_run(PyObject *runs, Py_ssize_t start, Py_ssize_t end)
{
    PyObject *run = Py_BuildValue("(nn)", start, end);
    int failed = run == NULL ? -1 : PyList_Append(runs, run);
    Py_XDECREF(run);
    return failed;
}

/* The stretches of a text that are covered by common shingles; `places`: where such begin. */
static PyObject *common_runs(const Grams *all, const char *raw, Py_ssize_t count, Py_ssize_t *places)
{
    PyObject *runs = PyList_New(0);
    Py_ssize_t start = 0, end = -1;
    for (Py_ssize_t i = 0; runs != NULL && i < count; i++) {
        if (all->where[place_of_gram(all, gram_at(raw, i))] != IN_BOTH)
            continue;
        ++*places;
        if (i > end) {
            if (end > 0 && add_run(runs, start, end) < 0)
                Py_CLEAR(runs);
            start = i;
        }
        end = i + GRAM;
    }
    if (runs != NULL && end > 0 && add_run(runs, start, end) < 0)
        Py_CLEAR(runs);
    return runs;
}

/* shared(one, other) -> (common, (different, different), (places, places), (runs, runs)), see `Shared`. */
static PyObject *shared(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyBytes_Check(args[0]) || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "shared(one: bytes, other: bytes)");
        return NULL;
    }
    const char *one = PyBytes_AS_STRING(args[0]), *other = PyBytes_AS_STRING(args[1]);
    Py_ssize_t ones = PyBytes_GET_SIZE(args[0]) / 2 - GRAM + 1, others = PyBytes_GET_SIZE(args[1]) / 2 - GRAM + 1;
    uint64_t room = 16;
    ones = ones > 0 ? ones : 0;
    others = others > 0 ? others : 0;
    while (room < 2 * (uint64_t)(ones + others))
        room *= 2;
    Grams all = {PyMem_Malloc(room * sizeof(uint64_t)), PyMem_Calloc(room, 1), room - 1};
    PyObject *runs = NULL, *other_runs = NULL, *result = NULL;
    if (all.grams == NULL || all.where == NULL) {
        PyErr_NoMemory();
    } else {
        Py_ssize_t different = note_grams(&all, one, ones, IN_ONE);
        Py_ssize_t other_different = note_grams(&all, other, others, IN_OTHER);
        Py_ssize_t common = 0, places = 0, other_places = 0;
        for (uint64_t i = 0; i < room; i++)
            common += all.where[i] == IN_BOTH;
        runs = common_runs(&all, one, ones, &places);
        other_runs = runs == NULL ? NULL : common_runs(&all, other, others, &other_places);
        if (other_runs != NULL)
            result = Py_BuildValue("n(nn)(nn)(OO)", common, different, other_different, places, other_places, runs,
                                   other_runs);
    }
    PyMem_Free(all.grams);
    PyMem_Free(all.where);
    Py_XDECREF(runs);
    Py_XDECREF(other_runs);
    return result;
}

typedef struct {
    const char *word;
    double value;
    uint32_t size;
} Entry;

typedef struct {
    PyObject_HEAD
    PyObject *raw;  /* the bytes that the entries point into */
    Entry *entries;
    uint32_t *places;  /* 1 + number of an entry, 0 for none, by hash */
    uint32_t count, mask;
    double median;
} Frequencies;

static uint32_t place_of(const Frequencies *self, const char *word, size_t size)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    uint32_t at = (uint32_t)(hash ^ (hash >> 32)) & self->mask;
    for (; self->places[at] != 0; at = (at + 1) & self->mask) {
        const Entry *entry = &self->entries[self->places[at] - 1];
        if (entry->size == size && memcmp(entry->word, word, size) == 0)
            break;
    }
    return at;
}

/* A decimal of at most 15 digits is the quotient of two exact numbers; any other is Python's business. */
static double number_in(const char *text, const char *end)
{
    static const double powers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int64_t digits = 0;
    int seen = 0, after = 0, point = 0;
    for (const char *at = text; at < end; at++) {
        if (*at == '.' && !point) {
            point = 1;
        } else if (*at >= '0' && *at <= '9' && seen < 15) {
            digits = digits * 10 + (*at - '0');
            seen++;
            after += point;
        } else {
            char copy[64];
            size_t size = (size_t)(end - text) < sizeof(copy) - 1 ? (size_t)(end - text) : sizeof(copy) - 1;
            memcpy(copy, text, size);
            copy[size] = 0;
            return PyOS_string_to_double(copy, NULL, NULL);
        }
    }
    return (double)digits / powers[after];
}

/* The value that stands at `wanted` (from 0) when all are sorted; changes their order. */
static double select_value(double *values, Py_ssize_t count, Py_ssize_t wanted)
{
    Py_ssize_t low = 0, high = count - 1;
    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        Py_ssize_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                double swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            break;
    }
    return values[wanted];
}

static int read_lines(Frequencies *self, const char *raw, const char *end)
{
    size_t lines = 1, room = 16;
    for (const char *at = raw; at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    while (room < 2 * lines)
        room *= 2;
    self->mask = (uint32_t)(room - 1);
    self->entries = PyMem_Malloc(lines * sizeof(Entry));
    self->places = PyMem_Calloc(room, sizeof(uint32_t));
    double *values = PyMem_Malloc(lines * sizeof(double));
    if (self->entries == NULL || self->places == NULL || values == NULL) {
        PyMem_Free(values);
        PyErr_NoMemory();
        return -1;
    }
    for (const char *line = raw; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop == NULL ? end : stop;
        const char *space = memchr(line, ' ', (size_t)(stop - line));
        if (space != NULL && space > line) {
            double value = number_in(space + 1, stop);
            uint32_t at = place_of(self, line, (size_t)(space - line));
            if (value == -1.0 && PyErr_Occurred())
                break;
            if (self->places[at] == 0) {
                self->entries[self->count] = (Entry){line, value, (uint32_t)(space - line)};
                self->places[at] = ++self->count;
            } else {
                self->entries[self->places[at] - 1].value = value;
            }
        }
        line = stop + 1;
    }
    for (uint32_t i = 0; i < self->count; i++)
        values[i] = self->entries[i].value;
    if (self->count > 0)
        self->median = select_value(values, self->count, self->count / 2);
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "the table is empty");
    PyMem_Free(values);
    return PyErr_Occurred() ? -1 : 0;
}

static int initialise(Frequencies *self, PyObject *args, PyObject *named)
{
    PyObject *raw;
    if (self->raw != NULL) {
        PyErr_SetString(PyExc_TypeError, "made already");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "S", &raw))
        return -1;
    self->raw = Py_NewRef(raw);
    return read_lines(self, PyBytes_AS_STRING(raw), PyBytes_AS_STRING(raw) + PyBytes_GET_SIZE(raw));
}

static const Entry *entry_of(const Frequencies *self, PyObject *word)
{
    Py_ssize_t size;
    const char *text = PyUnicode_Check(word) && self->places != NULL ? PyUnicode_AsUTF8AndSize(word, &size) : NULL;
    if (text == NULL) {
        PyErr_Clear(); /* lone surrogates stand in no table */
        return NULL;
    }
    uint32_t number = self->places[place_of(self, text, (size_t)size)];
    return number == 0 ? NULL : &self->entries[number - 1];
}

static PyObject *get(Frequencies *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "get(word, default)");
        return NULL;
    }
    const Entry *entry = entry_of(self, args[0]);
    return entry == NULL ? Py_NewRef(args[1]) : PyFloat_FromDouble(entry->value);
}

static int contains(Frequencies *self, PyObject *word)
{
    return entry_of(self, word) != NULL;
}

static Py_ssize_t length(Frequencies *self)
{
    return self->count;
}

static PyObject *median(Frequencies *self, PyObject *unused)
{
    return PyFloat_FromDouble(self->median);
}

static void release(Frequencies *self)
{
    PyMem_Free(self->entries);
    PyMem_Free(self->places);
    Py_XDECREF(self->raw);
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"get", (PyCFunction)(void (*)(void))get, METH_FASTCALL, "The value of a word, or the default."},
    {"median", (PyCFunction)median, METH_NOARGS, "The upper median of all values."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot type_slots[] = {
    {Py_tp_methods, methods},    {Py_tp_init, initialise}, {Py_tp_dealloc, release},
    {Py_sq_contains, contains}, {Py_sq_length, length},   {0, NULL},
};
static PyType_Spec type_spec = {"opinion_stream.native.text.Frequencies", sizeof(Frequencies), 0, Py_TPFLAGS_DEFAULT,
                                type_slots};

static PyMethodDef functions[] = {
    {"words_only", (PyCFunction)(void (*)(void))words_only, METH_FASTCALL, "The words of a text, or None."},
    {"shared", (PyCFunction)(void (*)(void))shared, METH_FASTCALL, "What two texts have in common."},
    {"shingles", shingles, METH_VARARGS, "All runs of so many bytes."},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&type_spec);
    int failed = type == NULL ? -1 : PyModule_AddObjectRef(module, "Frequencies", type);
    Py_XDECREF(type);
    return failed ? failed : ADD_INTERFACE(module);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "text", "See text.c.", 0, functions, module_slots,
                                 NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_text(void)
{
    return PyModuleDef_Init(&definition);
}
