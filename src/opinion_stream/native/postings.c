/* Which incidents hold which terms: the inner loops of domain/incidents/postings.py, which tells what each step means.
 *
 * Both give the same numbers to the last bit: every sum runs in the same order, and log and pow are those of Python.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <string.h>

#include "interface.h"
#include "ranking.h"

typedef struct {
    PyObject *name;  /* owned; NULL for a free entry */
    int32_t *slots;  /* incidents that hold it */
    int32_t held, room;
} Term;

typedef struct {
    PyObject *id;  /* owned; NULL for a free entry */
    int32_t count, kept;
    int32_t *terms, *places;  /* numbers of its terms, and where it stands among the holders of each */
    double *weights;          /* of the centroid */
    double *samples;          /* `kept` rows of `count` weights, 0 where the sample lacks the term; NULL without any */
    double taken, length;
} Incident;

typedef struct {
    PyObject_HEAD
    int max_postings, max_visits, candidates, judged, prior;
    double least, power;
    PyObject *term_numbers, *slot_numbers;
    Term *terms;
    int32_t term_count, term_room, free_term;
    Incident *incidents;
    int32_t slot_count, slot_room, free_slot, open;
    double *rarity;
    int32_t rarity_count, rarity_room, rarity_step;
    int32_t *mark;  /* per term: its place in what is looked at, or -1 */
    double *share;  /* per incident: weight shared with the mention in hand, negative where none was met yet */
} Postings;

static int grow(void **block, int32_t *room, int32_t needed, size_t size)
{
    if (needed <= *room)
        return 0;
    int32_t wanted = *room * 2 > needed ? *room * 2 : needed + 8;
    void *larger = PyMem_Realloc(*block, (size_t)wanted * size);
    if (larger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *block = larger;
    *room = wanted;
    return 0;
}

static double rarity_of(Postings *self, int32_t held)
{
    return self->rarity[held];
}

/* Makes the table of rarities for as many incidents as are open now, up to `most` holders. */
static int need_rarities(Postings *self, int32_t most)
{
    int32_t step = (int32_t)(log((double)(self->open + self->prior)) * 50);
    if (step != self->rarity_step) {
        self->rarity_step = step;
        self->rarity_count = 0;
    }
    if (grow((void **)&self->rarity, &self->rarity_room, most + 1, sizeof(double)) < 0)
        return -1;
    for (; self->rarity_count <= most; self->rarity_count++) {
        double share = log((double)(self->rarity_count + 1)) * 50 / (step + 1);
        self->rarity[self->rarity_count] = pow(1.0 - share > 0.0 ? 1.0 - share : 0.0, self->power);
    }
    return 0;
}

/* Number of a term, -1 for an unknown one, -2 on error. */
static int32_t known_number(PyObject *numbers, PyObject *name)
{
    PyObject *number = PyDict_GetItemWithError(numbers, name);
    if (number == NULL)
        return PyErr_Occurred() ? -2 : -1;
    return (int32_t)PyLong_AsLong(number);
}

static int note_number(PyObject *numbers, PyObject *name, int32_t number)
{
    PyObject *value = PyLong_FromLong(number);
    if (value == NULL)
        return -1;
    int failed = PyDict_SetItem(numbers, name, value);
    Py_DECREF(value);
    return failed;
}

static int32_t term_number(Postings *self, PyObject *name)
{
    int32_t number = known_number(self->term_numbers, name);
    if (number != -1)
        return number;
    if (self->free_term >= 0) {
        number = self->free_term;
        self->free_term = self->terms[number].held;
    } else {
        int32_t before = self->term_room;
        if (grow((void **)&self->terms, &self->term_room, self->term_count + 1, sizeof(Term)) < 0)
            return -2;
        if (self->term_room != before || self->mark == NULL) {
            int32_t *larger = PyMem_Realloc(self->mark, (size_t)self->term_room * sizeof(int32_t));
            if (larger == NULL) {
                PyErr_NoMemory();
                return -2;
            }
            self->mark = larger;
        }
        number = self->term_count++;
    }
    memset(&self->terms[number], 0, sizeof(Term));
    self->mark[number] = -1;
    self->terms[number].name = Py_NewRef(name);
    return note_number(self->term_numbers, name, number) < 0 ? -2 : number;
}

static int32_t slot_number(Postings *self, PyObject *id)
{
    int32_t slot = known_number(self->slot_numbers, id);
    if (slot != -1)
        return slot;
    if (self->free_slot >= 0) {
        slot = self->free_slot;
        self->free_slot = self->incidents[slot].count;
    } else {
        int32_t before = self->slot_room;
        if (grow((void **)&self->incidents, &self->slot_room, self->slot_count + 1, sizeof(Incident)) < 0)
            return -2;
        if (self->slot_room != before || self->share == NULL) {
            double *larger = PyMem_Realloc(self->share, (size_t)self->slot_room * sizeof(double));
            if (larger == NULL) {
                PyErr_NoMemory();
                return -2;
            }
            self->share = larger;
        }
        slot = self->slot_count++;
        self->share[slot] = -1.0;
    }
    memset(&self->incidents[slot], 0, sizeof(Incident));
    self->incidents[slot].id = Py_NewRef(id);
    if (note_number(self->slot_numbers, id, slot) < 0)
        return -2;
    self->open++;
    return slot;
}

/* The incident in `slot` no longer holds a term, which stands at `place` among that term's holders. */
static int let_go(Postings *self, int32_t number, int32_t place)
{
    Term *term = &self->terms[number];
    int32_t last = term->slots[--term->held];
    if (place != term->held) {
        term->slots[place] = last;
        Incident *moved = &self->incidents[last];
        for (int32_t i = 0; i < moved->count; i++)
            if (moved->terms[i] == number) {
                moved->places[i] = place;
                break;
            }
    }
    if (term->held > 0)
        return 0;
    int failed = PyDict_DelItem(self->term_numbers, term->name);
    Py_CLEAR(term->name);
    PyMem_Free(term->slots);
    term->slots = NULL;
    term->room = 0;
    term->held = self->free_term;
    self->free_term = number;
    return failed;
}

static void empty(Incident *incident)
{
    PyMem_Free(incident->terms);
    PyMem_Free(incident->places);
    PyMem_Free(incident->weights);
    PyMem_Free(incident->samples);
    incident->terms = incident->places = NULL;
    incident->weights = incident->samples = NULL;
    incident->count = incident->kept = 0;
}

/* A new incident's arrays, filled from the centroid; nothing in `fresh` on error. */
static int read_centroid(Postings *self, PyObject *centroid, Incident *fresh)
{
    Py_ssize_t at = 0, size = PyDict_GET_SIZE(centroid);
    PyObject *name, *weight;
    memset(fresh, 0, sizeof(*fresh));
    fresh->terms = PyMem_Malloc((size_t)(size + 1) * sizeof(int32_t));
    fresh->places = PyMem_Malloc((size_t)(size + 1) * sizeof(int32_t));
    fresh->weights = PyMem_Malloc((size_t)(size + 1) * sizeof(double));
    if (fresh->terms == NULL || fresh->places == NULL || fresh->weights == NULL) {
        PyErr_NoMemory();
        empty(fresh);
        return -1;
    }
    for (int32_t i = 0; PyDict_Next(centroid, &at, &name, &weight); i++) {
        double value = PyFloat_AsDouble(weight);
        int32_t number = value == -1.0 && PyErr_Occurred() ? -2 : term_number(self, name);
        if (number < 0) {
            empty(fresh);
            return -1;
        }
        fresh->terms[i] = number;
        fresh->places[i] = -1;
        fresh->weights[i] = value;
        fresh->count = i + 1;
    }
    return 0;
}

static int read_samples(Postings *self, PyObject *samples, Incident *fresh)
{
    Py_ssize_t rows = PySequence_Fast_GET_SIZE(samples);
    if (rows == 0)
        return 0;
    fresh->samples = PyMem_Calloc((size_t)rows * (size_t)fresh->count + 1, sizeof(double));
    if (fresh->samples == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t row = 0; row < rows; row++) {
        PyObject *sample = PySequence_Fast_GET_ITEM(samples, row);
        if (!PyDict_Check(sample)) {
            PyErr_SetString(PyExc_TypeError, "a sample is a dict of term to weight");
            return -1;
        }
        for (int32_t i = 0; i < fresh->count; i++) {
            PyObject *weight = PyDict_GetItemWithError(sample, self->terms[fresh->terms[i]].name);
            if (weight == NULL && PyErr_Occurred())
                return -1;
            fresh->samples[row * fresh->count + i] = weight != NULL ? PyFloat_AsDouble(weight) : 0.0;
        }
    }
    fresh->kept = (int32_t)rows;
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *put(Postings *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 5 || !PyUnicode_Check(args[0]) || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "put(id: str, centroid: dict, length: float | None, taken: int, samples)");
        return NULL;
    }
    double taken = PyFloat_AsDouble(args[3]), length = args[2] == Py_None ? -1.0 : PyFloat_AsDouble(args[2]);
    if (PyErr_Occurred())
        return NULL;
    PyObject *samples = PySequence_Fast(args[4], "samples is a sequence");
    if (samples == NULL)
        return NULL;
    Incident fresh;
    if (read_centroid(self, args[1], &fresh) < 0) {
        Py_DECREF(samples);
        return NULL;
    }
    int failed = read_samples(self, samples, &fresh);
    Py_DECREF(samples);
    int32_t slot = failed ? -2 : slot_number(self, args[0]);
    if (slot < 0) {
        empty(&fresh);
        return NULL;
    }
    Incident *incident = &self->incidents[slot];
    for (int32_t i = 0; i < fresh.count; i++)
        self->mark[fresh.terms[i]] = i;
    for (int32_t i = 0; i < incident->count && !failed; i++) {
        int32_t number = incident->terms[i], kept = self->mark[number];
        if (kept >= 0)
            fresh.places[kept] = incident->places[i];
        else
            failed = let_go(self, number, incident->places[i]);
    }
    for (int32_t i = 0; i < fresh.count; i++)
        self->mark[fresh.terms[i]] = -1;
    int32_t most = 0;
    for (int32_t i = 0; i < fresh.count && !failed; i++) {
        Term *term = &self->terms[fresh.terms[i]];
        if (fresh.places[i] < 0) {
            failed = grow((void **)&term->slots, &term->room, term->held + 1, sizeof(int32_t));
            if (failed)
                break;
            fresh.places[i] = term->held;
            term->slots[term->held++] = slot;
        }
        if (term->held > most)
            most = term->held;
    }
    if (failed || need_rarities(self, most) < 0) {
        empty(&fresh);
        return NULL;
    }
    if (args[2] == Py_None) {
        double sum = 0.0;
        for (int32_t i = 0; i < fresh.count; i++) {
            double value = fresh.weights[i] * rarity_of(self, self->terms[fresh.terms[i]].held);
            sum += value * value;
        }
        length = sqrt(sum);
    }
    fresh.id = incident->id;
    fresh.taken = taken;
    fresh.length = length;
    empty(incident);
    *incident = fresh;
    return PyFloat_FromDouble(length);
}

static PyObject *take_out(Postings *self, PyObject *id)
{
    int32_t slot = known_number(self->slot_numbers, id);
    if (slot == -2)
        return NULL;
    if (slot == -1)
        Py_RETURN_NONE;
    Incident *incident = &self->incidents[slot];
    if (PyDict_DelItem(self->slot_numbers, id) < 0)
        return NULL;
    for (int32_t i = 0; i < incident->count; i++)
        if (let_go(self, incident->terms[i], incident->places[i]) < 0)
            return NULL;
    empty(incident);
    Py_CLEAR(incident->id);
    incident->count = self->free_slot;
    self->free_slot = slot;
    self->open--;
    Py_RETURN_NONE;
}

typedef struct {
    double weight, value, product, square;  /* of the mention; its rarity; both rarities times the weight; squared */
    PyObject *name;
    int32_t number, held;
} Known;

static int rarest_first(const void *one, const void *other)
{
    const Known *a = *(const Known *const *)one, *b = *(const Known *const *)other;
    return a->held != b->held ? (a->held < b->held ? -1 : 1) : PyUnicode_Compare(a->name, b->name);
}

/* Whether an incident is allowed: by a call, or by looking into an `In`. -1 on error. */
static int is_allowed(PyObject *allowed, PyObject *id)
{
    if (PyTuple_Check(allowed) && PyTuple_GET_SIZE(allowed) == 2 && PyDict_Check(PyTuple_GET_ITEM(allowed, 0)) &&
        PyFrozenSet_Check(PyTuple_GET_ITEM(allowed, 1))) {
        PyObject *region = PyDict_GetItemWithError(PyTuple_GET_ITEM(allowed, 0), id);
        if (region == NULL) {
            if (!PyErr_Occurred())
                PyErr_SetObject(PyExc_KeyError, id);
            return -1;
        }
        return PySet_Contains(PyTuple_GET_ITEM(allowed, 1), region);
    }
    PyObject *answer = PyObject_CallOneArg(allowed, id);
    int truth = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    return truth;
}

/* The allowed incidents that share most of the weight of the rarest terms; their number, or -1 on error. */
static int32_t candidates(Postings *self, Known *known, int32_t count, double least, PyObject *allowed, Ranked *chosen)
{
    Known **order = PyMem_Malloc((size_t)count * sizeof(Known *) + 1);
    Ranked *met = PyMem_Malloc((size_t)self->max_visits * sizeof(Ranked) + 1);
    int32_t found = 0, size = 0, visits = 0;
    double unseen = 0.0;
    if (order == NULL || met == NULL) {
        PyErr_NoMemory();
        found = -1;
        goto done;
    }
    for (int32_t i = 0; i < count; i++)
        order[i] = &known[i];
    qsort(order, (size_t)count, sizeof(Known *), rarest_first);
    for (int32_t i = 0; i < count; i++)
        unseen += order[i]->square;
    for (int32_t i = 0; i < count; i++) {
        const Term *term = &self->terms[order[i]->number];
        visits += term->held;
        if (term->held > self->max_postings || visits > self->max_visits)
            break;
        unseen -= order[i]->square;
        for (int32_t k = 0; k < term->held; k++) {
            int32_t slot = term->slots[k];
            if (self->share[slot] < 0.0) {
                self->share[slot] = 0.0;
                met[size++].number = slot;
            }
            self->share[slot] += order[i]->square;
        }
    }
    int32_t near = 0;
    for (int32_t i = 0; i < size; i++) {
        int32_t slot = met[i].number;
        double share = self->share[slot];
        self->share[slot] = -1.0;
        if (share + unseen >= least) {
            met[near].value = share;
            met[near].number = slot;
            met[near++].name = self->incidents[slot].id;
        }
    }
    make_heap(met, near);
    while (near > 0 && found < self->candidates) {
        int truth = is_allowed(allowed, met[0].name);
        if (truth < 0) {
            found = -1;
            goto done;
        }
        Ranked next = pop_heap(met, &near);
        if (truth)
            chosen[found++] = next;
    }
done:
    PyMem_Free(order);
    PyMem_Free(met);
    return found;
}

static void mark_known(Postings *self, const Known *known, int32_t count, int on)
{
    for (int32_t i = 0; i < count; i++)
        self->mark[known[i].number] = on ? i : -1;
}

/* The weights of `incident` for the mention's terms, whose places stand in `mark`: where it has each, or -1. */
static void match(const Postings *self, const Incident *incident, int32_t *has, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        has[i] = -1;
    for (int32_t i = 0; i < incident->count; i++) {
        int32_t place = self->mark[incident->terms[i]];
        if (place >= 0)
            has[place] = i;
    }
}

static double together(const Incident *incident, const Known *known, const int32_t *has, int32_t count)
{
    int32_t rows = incident->kept > 0 ? incident->kept : 1;
    double best = 0.0;
    for (int32_t row = 0; row < rows; row++) {
        const double *sample = incident->kept > 0 ? incident->samples + (size_t)row * incident->count : incident->weights;
        double every = 0.0, names = 0.0;
        for (int32_t i = 0; i < count; i++)
            if (has[i] >= 0) {
                double product = known[i].weight * sample[has[i]];
                every += product;
                names += product * known[i].value;
            }
        double lesser = every - names < names ? every - names : names;
        if (lesser > best)
            best = lesser;
    }
    return incident->kept > 0 ? best : best / incident->taken;
}

/* Squared by pow, as Python does it. */
static int alike(Postings *self, const Incident *one, const Incident *two, double bound)
{
    double dot = 0.0;
    for (int32_t i = 0; i < two->count; i++)
        self->mark[two->terms[i]] = i;
    for (int32_t i = 0; i < one->count; i++) {
        int32_t place = self->mark[one->terms[i]];
        if (place >= 0)
            dot += one->weights[i] * two->weights[place] * pow(rarity_of(self, self->terms[one->terms[i]].held), 2.0);
    }
    for (int32_t i = 0; i < two->count; i++)
        self->mark[two->terms[i]] = -1;
    return dot >= bound * one->length * two->length;
}

static double rival(Postings *self, const Ranked *ranked, int32_t count, int32_t place, double bound)
{
    const Incident *one = &self->incidents[ranked[place].number];
    for (int32_t other = 0; other < count; other++)
        if (other != place && !alike(self, one, &self->incidents[ranked[other].number], bound))
            return ranked[other].value;
    return 0.0;
}

static PyObject *signs_of(const Postings *self, const Ranked *ranked, double lead, double below, const Known *known,
                          int32_t *has, int32_t count)
{
    const Incident *incident = &self->incidents[ranked->number];
    match(self, incident, has, count);
    double first = 0.0, second = 0.0, topic = 0.0;
    for (int32_t i = 0; i < count; i++) {
        if (has[i] < 0)
            continue;
        double weight = known[i].weight, mean = incident->weights[has[i]] / incident->taken, value = known[i].value;
        if (value < below)
            topic += weight * mean;
        double name = 2.0 * mean >= weight ? value : value * 2.0 * mean / weight;
        if (name > first) {
            second = first;
            first = name;
        } else if (name > second)
            second = name;
    }
    return Py_BuildValue("O(dddddd)", ranked->name, ranked->value, lead, topic, first, second,
                         together(incident, known, has, count));
}

/* Ranks the candidates by cosine, nearest first; their number. */
static int32_t rank(const Postings *self, Ranked *chosen, int32_t found, double norm, const Known *known, int32_t *has,
                    int32_t count)
{
    int32_t near = 0;
    for (int32_t k = 0; k < found; k++) {
        Ranked next = chosen[k];
        const Incident *incident = &self->incidents[next.number];
        double dot = 0.0;
        match(self, incident, has, count);
        for (int32_t i = 0; i < count; i++)
            if (has[i] >= 0)
                dot += known[i].product * incident->weights[has[i]];
        next.value = dot > 0.0 ? dot / (norm * incident->length) : 0.0;
        if (next.value > 1.0)
            next.value = 1.0;
        if (next.value < self->least)
            continue;
        int32_t at = near++;
        for (; at > 0 && before(&next, &chosen[at - 1]); at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = next;
    }
    return near;
}

static PyObject *search(Postings *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 4 || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "search(features: dict, allowed, below: float, alike: float)");
        return NULL;
    }
    double below = PyFloat_AsDouble(args[2]), bound = PyFloat_AsDouble(args[3]), square = 0.0;
    if (PyErr_Occurred())
        return NULL;
    Py_ssize_t at = 0, size = PyDict_GET_SIZE(args[0]);
    PyObject *name, *weight, *result = PyList_New(0);
    Known *known = PyMem_Malloc((size_t)size * sizeof(Known) + 1);
    int32_t *has = PyMem_Malloc((size_t)size * sizeof(int32_t) + 1);
    Ranked *chosen = PyMem_Malloc((size_t)self->candidates * sizeof(Ranked) + 1);
    int32_t knowns = 0;
    if (result == NULL || known == NULL || has == NULL || chosen == NULL) {
        PyErr_NoMemory();
        goto failed;
    }
    while (PyDict_Next(args[0], &at, &name, &weight)) {
        Known *next = &known[knowns];
        next->name = name;
        next->weight = PyFloat_AsDouble(weight);
        next->number = known_number(self->term_numbers, name);
        if (next->number == -2 || PyErr_Occurred())
            goto failed;
        next->held = next->number < 0 ? 0 : self->terms[next->number].held;
        if (need_rarities(self, next->held) < 0)
            goto failed;
        next->value = rarity_of(self, next->held);
        double weighted = next->weight * next->value;
        next->square = weighted * weighted;
        next->product = weighted * next->value;
        square += next->square;
        knowns += next->held > 0;
    }
    if (square > 0.0) {
        int32_t found = candidates(self, known, knowns, square * self->least * self->least, args[1], chosen);
        if (found < 0)
            goto failed;
        mark_known(self, known, knowns, 1);
        found = rank(self, chosen, found, sqrt(square), known, has, knowns);
        mark_known(self, known, knowns, 0);
        for (int32_t place = 0; place < found && place < self->judged; place++) {
            double lead = chosen[place].value - rival(self, chosen, found, place, bound);
            mark_known(self, known, knowns, 1);
            PyObject *signs = signs_of(self, &chosen[place], lead, below, known, has, knowns);
            mark_known(self, known, knowns, 0);
            int failed = signs == NULL || PyList_Append(result, signs) < 0;
            Py_XDECREF(signs);
            if (failed)
                goto failed;
        }
    }
    PyMem_Free(known);
    PyMem_Free(has);
    PyMem_Free(chosen);
    return result;
failed:
    Py_XDECREF(result);
    PyMem_Free(known);
    PyMem_Free(has);
    PyMem_Free(chosen);
    return NULL;
}

static PyObject *common(Postings *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "common(features: dict, id: str)");
        return NULL;
    }
    int32_t slot = known_number(self->slot_numbers, args[1]);
    if (slot < 0) {
        if (slot == -1)
            PyErr_SetObject(PyExc_KeyError, args[1]);
        return NULL;
    }
    const Incident *incident = &self->incidents[slot];
    PyObject *name, *weight, *shared = PyList_New(0);
    Py_ssize_t at = 0;
    for (int32_t i = 0; i < incident->count; i++)
        self->mark[incident->terms[i]] = i;
    while (shared != NULL && PyDict_Next(args[0], &at, &name, &weight)) {
        int32_t number = known_number(self->term_numbers, name);
        if (number == -2 || (number >= 0 && self->mark[number] >= 0 && PyList_Append(shared, name) < 0))
            Py_CLEAR(shared);
    }
    for (int32_t i = 0; i < incident->count; i++)
        self->mark[incident->terms[i]] = -1;
    if (shared == NULL)
        return NULL;
    PyObject *result = PyList_AsTuple(shared);
    Py_DECREF(shared);
    return result;
}

static Py_ssize_t length(Postings *self)
{
    return self->open;
}

static int initialise(Postings *self, PyObject *args, PyObject *named)
{
    static char *names[] = {"max_postings", "max_visits", "candidates", "judged", "least", "prior", "power", NULL};
    if (self->term_numbers != NULL) {
        PyErr_SetString(PyExc_TypeError, "made already");
        return -1;
    }
    self->free_term = self->free_slot = self->rarity_step = -1;
    self->term_numbers = PyDict_New();
    self->slot_numbers = PyDict_New();
    if (self->term_numbers == NULL || self->slot_numbers == NULL)
        return -1;
    return PyArg_ParseTupleAndKeywords(args, named, "iiiidid", names, &self->max_postings, &self->max_visits,
                                       &self->candidates, &self->judged, &self->least, &self->prior, &self->power)
               ? 0
               : -1;
}

static void release(Postings *self)
{
    for (int32_t i = 0; i < self->term_count; i++) {
        Py_XDECREF(self->terms[i].name);
        PyMem_Free(self->terms[i].slots);
    }
    for (int32_t i = 0; i < self->slot_count; i++) {
        Py_XDECREF(self->incidents[i].id);
        empty(&self->incidents[i]);
    }
    PyMem_Free(self->terms);
    PyMem_Free(self->incidents);
    PyMem_Free(self->rarity);
    PyMem_Free(self->mark);
    PyMem_Free(self->share);
    Py_XDECREF(self->term_numbers);
    Py_XDECREF(self->slot_numbers);
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"put", (PyCFunction)(void (*)(void))put, METH_FASTCALL, "Set the centroid of an incident; its length."},
    {"remove", (PyCFunction)take_out, METH_O, "Forget an incident; no error if there is none."},
    {"search", (PyCFunction)(void (*)(void))search, METH_FASTCALL, "The nearest allowed incidents with their signs."},
    {"common", (PyCFunction)(void (*)(void))common, METH_FASTCALL, "The features that an incident has, too."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_methods, methods}, {Py_tp_init, initialise}, {Py_tp_dealloc, release}, {Py_sq_length, length}, {0, NULL},
};
static PyType_Spec type_spec = {"opinion_stream.native.postings.Postings", sizeof(Postings), 0, Py_TPFLAGS_DEFAULT,
                                type_slots};

static int fill(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&type_spec);
    int failed = type == NULL ? -1 : PyModule_AddObjectRef(module, "Postings", type);
    Py_XDECREF(type);
    return failed ? failed : ADD_INTERFACE(module);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "postings", "See postings.c.", 0, NULL, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_postings(void)
{
    return PyModuleDef_Init(&definition);
}
