/* What the words of a mention tell: the inner loops of domain/assessment/features.py, which tells what each step means.
 *
 * Both give the same numbers to the last bit: every sum runs in the same order, and log and sqrt are those of Python.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <string.h>

#include "interface.h"
#include "ranking.h"

typedef struct {
    PyObject *name;  /* owned */
    double idf;      /* negative for a word that tells nothing */
    double root;     /* of the idf */
    int32_t title, text;  /* how often it stands in the mention in hand, 0 between two */
    double weight;        /* of the mention in hand */
} Word;

typedef struct {
    uint64_t key;  /* 0 for none */
    int32_t number;
} Slot;

typedef struct {
    PyObject_HEAD
    PyObject *get;         /* (word, default) -> idf */
    PyObject *median;      /* the default */
    PyObject *stop_words;  /* words that tell nothing */
    PyObject *numbers;     /* numbers of the words that have no key */
    Slot *slots;           /* numbers of the others, by their keys */
    uint64_t mask;
    Word *words;
    int32_t count, room, limit;
    double pair_weight;
} Terms;

typedef struct {
    int32_t *numbers;
    int32_t count, room;
} Numbers;

static int add_number(Numbers *list, int32_t number)
{
    if (list->count == list->room) {
        int32_t room = list->room * 2 + 64;
        int32_t *larger = PyMem_Realloc(list->numbers, (size_t)room * sizeof(int32_t));
        if (larger == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        list->numbers = larger;
        list->room = room;
    }
    list->numbers[list->count++] = number;
    return 0;
}

static void forget(Terms *self)
{
    for (int32_t i = 0; i < self->count; i++)
        Py_XDECREF(self->words[i].name);
    self->count = 0;
    PyDict_Clear(self->numbers);
    if (self->slots != NULL)
        memset(self->slots, 0, (size_t)(self->mask + 1) * sizeof(Slot));
}

/* A word of up to four characters as one number; 0 for any other. Most words are so short. */
static uint64_t key_of(PyObject *name)
{
    uint64_t key = 0;
    Py_ssize_t size = PyUnicode_GET_LENGTH(name);
    if (size > 4 || PyUnicode_KIND(name) == PyUnicode_4BYTE_KIND)
        return 0;
    int kind = PyUnicode_KIND(name);
    const void *data = PyUnicode_DATA(name);
    for (Py_ssize_t i = 0; i < size; i++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, i);
        if (character == 0)
            return 0;
        key = key << 16 | character;
    }
    return key;
}

/* Where a key stands, or where it would. */
static Slot *slot_of(const Terms *self, uint64_t key)
{
    uint64_t at = key * 0x9E3779B97F4A7C15u;
    for (at ^= at >> 32;; at++) {
        Slot *slot = &self->slots[at & self->mask];
        if (slot->key == key || slot->key == 0)
            return slot;
    }
}

/* Room for one more, half of it always free. */
static int make_room(Terms *self)
{
    if (self->count == self->room) {
        int32_t room = self->room * 2 + 1024;
        Word *larger = PyMem_Realloc(self->words, (size_t)room * sizeof(Word));
        if (larger == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->words = larger;
        self->room = room;
    }
    if (self->slots != NULL && (uint64_t)self->count * 2 < self->mask)
        return 0;
    Slot *old = self->slots;
    uint64_t before = old == NULL ? 0 : self->mask + 1, room = before == 0 ? 1 << 15 : 2 * before;
    Slot *slots = PyMem_Calloc(room, sizeof(Slot));
    if (slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->slots = slots;
    self->mask = room - 1;
    for (uint64_t i = 0; i < before; i++)
        if (old[i].key != 0)
            *slot_of(self, old[i].key) = old[i];
    PyMem_Free(old);
    return 0;
}

/* `Terms.worth`: the idf of a word, negative for one that tells nothing. -2 with an error set. */
static double worth_of(const Terms *self, PyObject *name)
{
    int kind = PyUnicode_KIND(name), letters = 0;
    const void *data = PyUnicode_DATA(name);
    for (Py_ssize_t i = 0; !letters && i < PyUnicode_GET_LENGTH(name); i++)
        letters = Py_UNICODE_ISALPHA(PyUnicode_READ(kind, data, i));
    if (!letters || PyUnicode_GET_LENGTH(name) < 2)
        return -1.0;
    int stops = PySet_Contains(self->stop_words, name);
    if (stops != 0)
        return stops > 0 ? -1.0 : -2.0;
    PyObject *value = PyObject_CallFunctionObjArgs(self->get, name, self->median, NULL);
    double idf = value == NULL ? -2.0 : PyFloat_AsDouble(value);
    Py_XDECREF(value);
    return PyErr_Occurred() ? -2.0 : idf;
}

static int32_t new_word(Terms *self, PyObject *name, uint64_t key)
{
    double idf = worth_of(self, name);
    if (idf == -2.0 || make_room(self) < 0)
        return -1;
    if (key != 0) {
        *slot_of(self, key) = (Slot){key, self->count};
    } else {
        PyObject *number = PyLong_FromLong(self->count);
        int failed = number == NULL ? -1 : PyDict_SetItem(self->numbers, name, number);
        Py_XDECREF(number);
        if (failed)
            return -1;
    }
    self->words[self->count] = (Word){.name = Py_NewRef(name), .idf = idf, .root = idf > 0.0 ? sqrt(idf) : 0.0};
    return self->count++;
}

static int32_t number_of(Terms *self, PyObject *name)
{
    uint64_t key = key_of(name);
    if (key != 0) {
        const Slot *slot = self->slots == NULL ? NULL : slot_of(self, key);
        return slot != NULL && slot->key == key ? slot->number : new_word(self, name, key);
    }
    PyObject *number = PyDict_GetItemWithError(self->numbers, name);
    if (number != NULL)
        return (int32_t)PyLong_AsLong(number);
    return PyErr_Occurred() ? -1 : new_word(self, name, 0);
}

/* Counts the telling words of a list; `found` has them in the order in which they first stand there. */
static int count_words(Terms *self, PyObject *words, int in_title, Numbers *found)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(words); i++) {
        PyObject *name = PyList_GET_ITEM(words, i);
        if (!PyUnicode_Check(name)) {
            PyErr_SetString(PyExc_TypeError, "words are text");
            return -1;
        }
        if (PyUnicode_GET_LENGTH(name) < 2)
            continue;
        int32_t number = number_of(self, name);
        if (number < 0)
            return -1;
        Word *word = &self->words[number];
        if (word->idf < 0.0)
            continue;
        int32_t *times = in_title ? &word->title : &word->text;
        if (++*times == 1 && add_number(found, number) < 0)
            return -1;
    }
    return 0;
}

static double weight_of(const Word *word, int32_t times)
{
    return times == 1 ? word->root : (1.0 + log((double)times)) * word->root;
}

static int is_ideograph(Py_UCS4 character)
{
    return character >= 0x4e00 && character <= 0x9fff;
}

/* Adds the pairs of neighbouring ideographs of the title that are no words of it; they count -1 times there. */
static int add_pairs(Terms *self, PyObject *title, Numbers *found)
{
    int kind = PyUnicode_KIND(title);
    const void *data = PyUnicode_DATA(title);
    for (Py_ssize_t i = 0; i + 1 < PyUnicode_GET_LENGTH(title); i++) {
        Py_UCS2 pair[2] = {0, 0};
        Py_UCS4 one = PyUnicode_READ(kind, data, i), two = PyUnicode_READ(kind, data, i + 1);
        if (!is_ideograph(one) || !is_ideograph(two))
            continue;
        pair[0] = (Py_UCS2)one;
        pair[1] = (Py_UCS2)two;
        PyObject *name = PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, pair, 2);
        int32_t number = name == NULL ? -1 : number_of(self, name);
        Py_XDECREF(name);
        if (number < 0)
            return -1;
        Word *word = &self->words[number];
        if (word->idf < 0.0 || word->title != 0)
            continue;
        word->title = -1;
        if (add_number(found, number) < 0)
            return -1;
    }
    return 0;
}

static double length_of(const Terms *self, const Numbers *list)
{
    double sum = 0.0;
    for (int32_t i = 0; i < list->count; i++) {
        double weight = self->words[list->numbers[i]].weight;
        sum += weight * weight;
    }
    return sqrt(sum);
}

/* Term -> weight, see `FeatureMaker.features`. Adds to `text` what only the title has. */
static PyObject *features_of(Terms *self, const Numbers *title, Numbers *text, double share, int32_t most)
{
    double ratio = 1.0, text_length, title_length;
    for (int32_t i = 0; i < text->count; i++) {
        Word *word = &self->words[text->numbers[i]];
        word->weight = weight_of(word, word->text);
    }
    text_length = length_of(self, text);
    Ranked *ranked = PyMem_Malloc((size_t)(title->count + text->count) * sizeof(Ranked) + 1);
    double *weights = PyMem_Malloc((size_t)title->count * sizeof(double) + 1);
    PyObject *features = PyDict_New();
    if (ranked == NULL || weights == NULL || features == NULL)
        goto failed;
    title_length = 0.0;
    for (int32_t i = 0; i < title->count; i++) {
        const Word *word = &self->words[title->numbers[i]];
        weights[i] = word->title < 0 ? self->pair_weight : weight_of(word, word->title);
        title_length += weights[i] * weights[i];
    }
    title_length = sqrt(title_length);
    if (title->count > 0 && text->count > 0)
        ratio = share * text_length / ((1.0 - share > 1e-9 ? 1.0 - share : 1e-9) * title_length);
    for (int32_t i = 0; i < title->count; i++) {
        Word *word = &self->words[title->numbers[i]];
        if (word->text > 0) {
            word->weight += weights[i] * ratio;
        } else {
            word->weight = weights[i] * ratio;
            if (add_number(text, title->numbers[i]) < 0)
                goto failed;
        }
    }
    int32_t size = text->count, chosen = 0;
    double sum = 0.0;
    for (int32_t i = 0; i < size; i++) {
        const Word *word = &self->words[text->numbers[i]];
        ranked[i] = (Ranked){word->weight, word->name, 0};
    }
    make_heap(ranked, size);
    /* What is popped stands behind the heap, the heaviest last. */
    while (size > 0 && chosen < most) {
        Ranked next = pop_heap(ranked, &size);
        ranked[size] = next;
        sum += next.value * next.value;
        chosen++;
    }
    double unit = sqrt(sum) / 10000;
    for (int32_t i = text->count - 1; i >= text->count - chosen; i--) {
        PyObject *weight = PyFloat_FromDouble((double)(int64_t)(ranked[i].value / unit + 0.5) / 10000);
        if (weight == NULL || PyDict_SetItem(features, ranked[i].name, weight) < 0) {
            Py_XDECREF(weight);
            goto failed;
        }
        Py_DECREF(weight);
    }
    PyMem_Free(ranked);
    PyMem_Free(weights);
    return features;
failed:
    if (!PyErr_Occurred())
        PyErr_NoMemory();
    PyMem_Free(ranked);
    PyMem_Free(weights);
    Py_XDECREF(features);
    return NULL;
}

/* [(word, weight)], see `Terms.keywords`; `all` has every term of the mention. */
static PyObject *keywords_of(const Terms *self, const Numbers *all, int32_t most)
{
    Ranked *ranked = PyMem_Malloc((size_t)all->count * sizeof(Ranked) + 1);
    PyObject *keywords = PyList_New(0);
    int32_t size = 0;
    int64_t total = 0;
    if (ranked == NULL || keywords == NULL) {
        PyMem_Free(ranked);
        Py_XDECREF(keywords);
        return PyErr_NoMemory();
    }
    for (int32_t i = 0; i < all->count; i++) {
        const Word *word = &self->words[all->numbers[i]];
        int32_t times = (word->title > 0 ? word->title : 0) + word->text;
        if (times == 0)
            continue;
        total += times;
        ranked[size++] = (Ranked){times * word->idf, word->name, 0};
    }
    make_heap(ranked, size);
    for (int32_t k = 0; k < most && size > 0; k++) {
        Ranked next = pop_heap(ranked, &size);
        PyObject *pair = Py_BuildValue("(Od)", next.name, next.value / (double)total);
        int failed = pair == NULL || PyList_Append(keywords, pair) < 0;
        Py_XDECREF(pair);
        if (failed) {
            Py_CLEAR(keywords);
            break;
        }
    }
    PyMem_Free(ranked);
    return keywords;
}

static PyObject *describe(Terms *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 6 || !PyUnicode_Check(args[0]) || !PyList_Check(args[1]) || !PyList_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "describe(title: str, title_words: list, text_words: list, title_share: float, "
                                         "max_features: int, keywords: int)");
        return NULL;
    }
    double share = PyFloat_AsDouble(args[3]);
    int32_t most = (int32_t)PyLong_AsLong(args[4]), shown = (int32_t)PyLong_AsLong(args[5]);
    if (PyErr_Occurred())
        return NULL;
    Numbers title = {NULL, 0, 0}, text = {NULL, 0, 0};
    PyObject *features = NULL, *keywords = NULL, *result = NULL;
    if (self->count >= self->limit)
        forget(self);
    if (count_words(self, args[1], 1, &title) == 0 && add_pairs(self, args[0], &title) == 0 &&
        count_words(self, args[2], 0, &text) == 0)
        features = features_of(self, &title, &text, share, most);
    if (features != NULL)
        keywords = keywords_of(self, &text, shown);
    if (keywords != NULL)
        result = PyTuple_Pack(2, features, keywords);
    for (int32_t i = 0; i < title.count; i++)
        self->words[title.numbers[i]].title = self->words[title.numbers[i]].text = 0;
    for (int32_t i = 0; i < text.count; i++)
        self->words[text.numbers[i]].title = self->words[text.numbers[i]].text = 0;
    PyMem_Free(title.numbers);
    PyMem_Free(text.numbers);
    Py_XDECREF(features);
    Py_XDECREF(keywords);
    return result;
}

static int initialise(Terms *self, PyObject *args, PyObject *named)
{
    static char *names[] = {"get", "median", "stop_words", "pair_weight", "limit", NULL};
    PyObject *get, *median, *stop_words;
    if (self->numbers != NULL) {
        PyErr_SetString(PyExc_TypeError, "made already");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, named, "OO!O!di", names, &get, &PyFloat_Type, &median, &PyFrozenSet_Type,
                                     &stop_words, &self->pair_weight, &self->limit))
        return -1;
    self->get = Py_NewRef(get);
    self->median = Py_NewRef(median);
    self->stop_words = Py_NewRef(stop_words);
    self->numbers = PyDict_New();
    return self->numbers == NULL ? -1 : 0;
}

static int traverse(Terms *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->get);
    Py_VISIT(self->stop_words);
    Py_VISIT(self->numbers);
    return 0;
}

static int clear(Terms *self)
{
    Py_CLEAR(self->get);
    return 0;
}

static void release(Terms *self)
{
    PyObject_GC_UnTrack(self);
    PyTypeObject *type = Py_TYPE(self);
    if (self->numbers != NULL)
        forget(self);
    clear(self);
    Py_CLEAR(self->numbers);
    Py_XDECREF(self->median);
    Py_XDECREF(self->stop_words);
    PyMem_Free(self->slots);
    PyMem_Free(self->words);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"describe", (PyCFunction)(void (*)(void))describe, METH_FASTCALL, "(features, keywords) of a mention."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_methods, methods},   {Py_tp_init, initialise}, {Py_tp_dealloc, release},
    {Py_tp_traverse, traverse}, {Py_tp_clear, clear},     {0, NULL},
};
static PyType_Spec type_spec = {"opinion_stream.native.terms.Terms", sizeof(Terms), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, type_slots};

static PyObject *strongest(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyDict_Check(args[0]) || !PyLong_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "strongest(weights: dict, count: int)");
        return NULL;
    }
    long most = PyLong_AsLong(args[1]);
    int32_t size = 0, room = (int32_t)PyDict_GET_SIZE(args[0]);
    Ranked *ranked = PyMem_Malloc((size_t)room * sizeof(Ranked) + 1);
    PyObject *result = PyDict_New(), *name, *weight;
    Py_ssize_t at = 0;
    if (ranked == NULL || result == NULL)
        PyErr_NoMemory();
    while (!PyErr_Occurred() && PyDict_Next(args[0], &at, &name, &weight))
        ranked[size++] = (Ranked){PyFloat_AsDouble(weight), name, 0};
    if (!PyErr_Occurred())
        make_heap(ranked, size);
    for (; !PyErr_Occurred() && size > 0 && most > 0; most--) {
        Ranked next = pop_heap(ranked, &size);
        PyObject *value = PyDict_GetItemWithError(args[0], next.name);
        if (value != NULL)
            PyDict_SetItem(result, next.name, value);
    }
    PyMem_Free(ranked);
    if (PyErr_Occurred())
        Py_CLEAR(result);
    return result;
}

static PyObject *add_weights(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyDict_Check(args[0]) || !PyDict_Check(args[1]) || args[0] == args[1]) {
        PyErr_SetString(PyExc_TypeError, "add_weights(sums: dict, weights: dict)");
        return NULL;
    }
    PyObject *name, *weight;
    Py_ssize_t at = 0;
    while (PyDict_Next(args[1], &at, &name, &weight)) {
        PyObject *known = PyDict_GetItemWithError(args[0], name);
        if (known == NULL) {
            if (PyErr_Occurred() || PyDict_SetItem(args[0], name, weight) < 0)
                return NULL;
            continue;
        }
        double sum = PyFloat_AsDouble(known) + PyFloat_AsDouble(weight);
        PyObject *value = PyFloat_FromDouble((double)(int64_t)(sum * 10000 + 0.5) / 10000);
        if (value == NULL || PyErr_Occurred() || PyDict_SetItem(args[0], name, value) < 0) {
            Py_XDECREF(value);
            return NULL;
        }
        Py_DECREF(value);
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"strongest", (PyCFunction)(void (*)(void))strongest, METH_FASTCALL, "The heaviest entries, heaviest first."},
    {"add_weights", (PyCFunction)(void (*)(void))add_weights, METH_FASTCALL, "Add weights to their sums."},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&type_spec);
    int failed = type == NULL ? -1 : PyModule_AddObjectRef(module, "Terms", type);
    Py_XDECREF(type);
    return failed ? failed : ADD_INTERFACE(module);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "terms", "See terms.c.", 0, functions, module_slots,
                                 NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_terms(void)
{
    return PyModuleDef_Init(&definition);
}
