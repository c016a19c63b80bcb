-- The views that dashboards and analysts read. Names and columns are stable; new columns come at the end.
-- Two words stand for what the databases write differently: hours_between(later, earlier) and hour_of(instant).

create view v_incidents as
select i.id, i.title, i.grade, i.grade_rank, g.name as grade_label, i.status, st.name as status_label,
  i.category, i.region_code, i.region_name, i.unit_code, i.unit_name, i.nature, n.name as nature_label,
  i.score, i.content_score, i.reaction_score, i.media_score,
  i.direction, d.name as direction_label, i.recent, i.before, i.doubling_hours, i.expected_24h,
  i.mentions, i.copies, i.voices, i.interactions, i.reads, i.media,
  i.first_at, i.last_at, hours_between(v.now, i.last_at) as quiet_hours,
  i.response_required, i.priority_rule, i.override_grade, i.override_by, i.override_reason, i.merged_into, i.reasons,
  t.id as task_id, t.state as task_state, ts.name as task_state_label,
  (select m.url from incident_mentions im join mentions m on m.id = im.mention_id
    where im.incident_id = i.id and m.url is not null order by im.n limit 1) as url
from incidents i
cross join v_now v
left join tasks t on t.incident_id = i.id
left join labels g on g.kind = 'grade' and g.code = i.grade
left join labels st on st.kind = 'incident_status' and st.code = i.status
left join labels n on n.kind = 'nature' and n.code = i.nature
left join labels d on d.kind = 'direction' and d.code = i.direction
left join labels ts on ts.kind = 'task_state' and ts.code = t.state;

create view v_open_incidents as
select * from v_incidents where status = 'open';

create view v_grade_changes as
select c.incident_id, i.title, i.region_code, i.region_name, i.category, i.unit_name, c.n, c.at,
  c.grade, c.grade_rank, g.name as grade_label, c.before_grade, b.name as before_label,
  case when c.before_rank is null then '首次定级' when c.grade_rank < c.before_rank then '升级'
    when c.grade_rank > c.before_rank then '降级' else '不变' end as change,
  c.score, c.by_role, case when c.by_role = 'rule' then '规则' else coalesce(r.name, c.by_role) end as by_label, c.reason
from (select o.*, lag(o.grade) over own as before_grade, lag(o.grade_rank) over own as before_rank
  from incident_grades o where o.of_incident = o.incident_id
  window own as (partition by o.incident_id order by o.n)) c
join incidents i on i.id = c.incident_id
left join labels g on g.kind = 'grade' and g.code = c.grade
left join labels b on b.kind = 'grade' and b.code = c.before_grade
left join labels r on r.kind = 'role' and r.code = c.by_role;

create view v_tasks as
select t.id, t.incident_id, t.title, t.state, s.name as state_label, t.grade, t.grade_rank, g.name as grade_label,
  t.category, t.region_code, t.region_name, t.unit_code, t.unit_name, t.nature, n.name as nature_label,
  t.opened_at, t.updated_at, t.closed_at, t.archived_at, t.hops, t.pauses, t.paused_until, t.responses,
  t.closed_ground, lg.name as closed_ground_label,
  a.first_answer_at, hours_between(a.first_answer_at, t.opened_at) as answer_hours
from tasks t
left join (select task_id, life, min(at) as first_answer_at from task_events
  where action in ('publish', 'close') group by task_id, life) a on a.task_id = t.id and a.life = t.life
left join labels s on s.kind = 'task_state' and s.code = t.state
left join labels g on g.kind = 'grade' and g.code = t.grade
left join labels n on n.kind = 'nature' and n.code = t.nature
left join labels lg on lg.kind = 'legal_ground' and lg.code = t.closed_ground;

create view v_task_events as
select e.task_id, t.incident_id, t.title, t.unit_code, t.unit_name, e.life, e.n, e.at, e.action,
  coalesce(a.name, e.action) as action_label, e.from_state, f.name as from_label, e.to_state, s.name as to_label,
  e.role, coalesce(r.name, e.role) as role_label, e.unit, u.name as by_unit_name, e.approver, e.ground, e.note, e.cause
from task_events e
join tasks t on t.id = e.task_id
left join labels a on a.kind = 'task_action' and a.code = e.action
left join labels f on f.kind = 'task_state' and f.code = e.from_state
left join labels s on s.kind = 'task_state' and s.code = e.to_state
left join labels r on r.kind = 'role' and r.code = e.role
left join labels u on u.kind = 'unit' and u.code = e.unit;

create view v_clocks as
select c.task_id, t.incident_id, t.title, t.grade, t.grade_rank, g.name as grade_label, t.unit_code, t.unit_name,
  t.region_code, t.region_name, t.category, t.state as task_state, ts.name as task_state_label,
  c.clock, c.kind, c.round, c.name, c.source, c.state, s.name as state_label,
  c.started_at, c.due_at, c.met_at, c.paused_at,
  coalesce(c.own_accept, k.accept, false) as accept, coalesce(c.own_answer, k.answer, false) as answer,
  hours_between(c.due_at, v.now) as hours_left,
  (c.state not in ('paused', 'waived') and c.due_at < v.now and (c.met_at is null or c.met_at >= v.now)) as overdue,
  (c.state not in ('paused', 'waived') and c.due_at < v.now) as counted,
  (c.state = 'met') as in_time
from task_clocks c
join tasks t on t.id = c.task_id and t.life = c.life
cross join v_now v
left join clock_kinds k on k.kind = c.kind
left join labels g on g.kind = 'grade' and g.code = t.grade
left join labels ts on ts.kind = 'task_state' and ts.code = t.state
left join labels s on s.kind = 'clock_state' and s.code = c.state;

create view v_clocks_due as
select * from v_clocks where state = 'running' or overdue;

create view v_escalations as
select e.id, e.incident_id, e.title, e.kind, k.name as kind_label, e.grade, e.grade_rank, g.name as grade_label,
  e.category, e.region_code, e.region_name, e.unit_code, e.unit_name,
  e.to_unit_code, e.to_unit_name, e.to_role, coalesce(r.name, e.to_role) as to_role_label, e.to_level, e.to_seat,
  e.chain_step, e.reminder, e.issued_at, e.receipt_due_at, e.status, s.name as status_label, e.status_at,
  e.exhausted, e.stopped, e.instruction, e.instruction_by, e.instruction_due_at, e.referral_from, e.referral_due_at,
  hours_between(e.receipt_due_at, v.now) as hours_left,
  case when e.status in ('acknowledged', 'instructed', 'returned')
    then hours_between(e.status_at, e.issued_at) * 60 end as receipt_minutes
from escalations e
cross join v_now v
left join labels k on k.kind = 'escalation_kind' and k.code = e.kind
left join labels g on g.kind = 'grade' and g.code = e.grade
left join labels r on r.kind = 'role' and r.code = e.to_role
left join labels s on s.kind = 'escalation_status' and s.code = e.status;

create view v_unreceipted as
select * from v_escalations where status = 'issued' or (status = 'lapsed' and exhausted);

create view v_responses as
select p.id, p.task_id, p.incident_id, p.title, p.text, p.url, p.unit_code, p.unit_name, p.publication,
  coalesce(w.name, p.publication) as publication_label, p.published_at, p.grade, g.name as grade_label,
  p.nature, n.name as nature_label
from responses p
left join labels w on w.kind = 'publication' and w.code = p.publication
left join labels g on g.kind = 'grade' and g.code = p.grade
left join labels n on n.kind = 'nature' and n.code = p.nature;

create view v_notices as
select s.id, s.task_id, s.incident_id, t.title, s.unit_code, s.unit_name, s.grade, s.grade_rank,
  g.name as grade_label, s.clock, coalesce(c.name, s.clock) as clock_label, s.level,
  coalesce(l.name, s.level) as level_label, s.round, s.due_at, s.at, s.to_role,
  coalesce(r.name, s.to_role) as to_role_label, s.text
from supervision_notices s
left join tasks t on t.id = s.task_id
left join labels g on g.kind = 'grade' and g.code = s.grade
left join labels c on c.kind = 'clock' and c.code = s.clock
left join labels l on l.kind = 'notice_level' and l.code = s.level
left join labels r on r.kind = 'role' and r.code = s.to_role;

create view v_effects as
select e.id, e.response_id, e.task_id, e.incident_id, p.title, e.unit_code, e.unit_name, e.hours, e.published_at,
  e.measured_at, e.before, e.after, e.critical_before, e.critical_after, e.enough, e.text,
  (e.after < e.before) as eased
from effects e
left join responses p on p.id = e.response_id;

create view v_warnings as
select w.id, w.kind, k.name as kind_label, w.status, s.name as status_label, w.region_code, w.region_name, w.category,
  w.opened_at, w.at, w.window_hours, w.observed, w.usual, w.factor, w.p_value, w.grade, w.incident_id, w.title, w.reason
from warnings w
left join labels k on k.kind = 'warning_kind' and k.code = w.kind
left join labels s on s.kind = 'warning_status' and s.code = w.status;

create view v_dead_letters as
select d.id, d.state, s.name as state_label, d.stage, g.name as stage_label, d.kind, d.reason, d.from_topic,
  coalesce(t.name, d.from_topic) as topic_label, d.first_at, d.at, coalesce(d.changed_at, d.at) as changed_at,
  d.attempts, d.occurrences, d.role, d.note, (d.state in ('open', 'parked', 'replayed')) as unsettled
from dead_letters d
left join labels s on s.kind = 'dead_letter_state' and s.code = d.state
left join labels g on g.kind = 'stage' and g.code = d.stage
left join labels t on t.kind = 'topic' and t.code = d.from_topic;

create view v_mentions_hourly as
select hour_of(a.published_at) as hour, a.region_code, a.region_name, a.category, a.nature, n.name as nature_label,
  m.media_tier, coalesce(mt.name, m.media_tier) as media_tier_label,
  count(*) as mentions, sum(case when m.duplicate_of is not null then 1 else 0 end) as repeats,
  sum(m.likes + m.dislikes + m.reposts + m.comments) as interactions, sum(m.reads) as reads,
  sum(case when a.category_source = 'unsure' then 1 else 0 end) as unsure,
  sum(case when a.sensitivity >= 50 then 1 else 0 end) as sensitive
from assessments a
join mentions m on m.id = a.id
left join labels n on n.kind = 'nature' and n.code = a.nature
left join labels mt on mt.kind = 'media_tier' and mt.code = m.media_tier
group by 1, 2, 3, 4, 5, 6, 7, 8;

create view v_category_region as
select a.category, a.region_code, a.region_name, count(*) as mentions,
  sum(case when hours_between(v.now, a.published_at) <= 24 then 1 else 0 end) as mentions_24h,
  sum(case when hours_between(v.now, a.published_at) <= 168 then 1 else 0 end) as mentions_7d,
  max(a.published_at) as last_at,
  (select count(*) from incidents i where i.status = 'open' and i.category = a.category
    and i.region_code = a.region_code) as open_incidents
from assessments a
cross join v_now v
group by a.category, a.region_code, a.region_name;

create view v_unit_answers as
select t.id as task_id, t.unit_code, t.unit_name, t.opened_at, t.responses, t.first_answer_at, t.answer_hours,
  case when t.first_answer_at is not null and t.first_answer_at < v.now then 1 else 0 end as answered,
  case when exists (select 1 from task_events e join tasks x on x.id = e.task_id and x.life = e.life
    where e.task_id = t.id and e.action = 'reopen' and e.at < v.now
    and (e.ground is null or e.ground not in (select code from labels where kind = 'reopen_further')))
    then 1 else 0 end as reopened
from v_tasks t
cross join v_now v
where t.opened_at < v.now;

create view v_unit_figures as
with answers as (
  select unit_code, count(*) as received, sum(answered) as answered,
    sum(case when answered = 1 and responses = 0 then 1 else 0 end) as not_published,
    sum(case when answered = 1 and reopened = 1 then 1 else 0 end) as reopened,
    avg(case when answered = 1 then answer_hours end) as mean_hours
  from v_unit_answers group by unit_code),
ranked as (
  select unit_code, answer_hours, row_number() over (partition by unit_code order by answer_hours) as place,
    count(*) over (partition by unit_code) as number
  from v_unit_answers where answered = 1),
slowest as (select unit_code, answer_hours as p90_hours from ranked where place = (9 * number + 9) / 10),
clocks as (
  select unit_code,
    sum(case when accept and counted then 1 else 0 end) as accepted_of,
    sum(case when accept and counted and in_time then 1 else 0 end) as accepted_in_time,
    sum(case when answer and counted then 1 else 0 end) as answered_of,
    sum(case when answer and counted and in_time then 1 else 0 end) as answered_in_time,
    sum(case when overdue then 1 else 0 end) as overdue
  from v_clocks group by unit_code),
eased as (
  select t.unit_code, count(*) as eased_of, sum(case when e.after < e.before then 1 else 0 end) as eased
  from effects e join tasks t on t.id = e.task_id cross join v_now v
  where e.enough and e.published_at < v.now
    and e.hours in (select cast(code as double precision) from labels where kind = 'report_hours')
  group by t.unit_code),
names as (
  select unit_code, unit_name from (select unit_code, unit_name,
    row_number() over (partition by unit_code order by id desc) as place from tasks) x where place = 1)
select a.unit_code, n.unit_name, a.received,
  coalesce(c.accepted_in_time, 0) as accepted_in_time, coalesce(c.accepted_of, 0) as accepted_of,
  1.0 * c.accepted_in_time / nullif(c.accepted_of, 0) as accepted_share,
  coalesce(c.answered_in_time, 0) as answered_in_time, coalesce(c.answered_of, 0) as answered_of,
  1.0 * c.answered_in_time / nullif(c.answered_of, 0) as answered_share,
  a.answered, a.not_published, a.reopened, a.mean_hours, s.p90_hours, coalesce(c.overdue, 0) as overdue,
  coalesce(e.eased, 0) as eased, coalesce(e.eased_of, 0) as eased_of
from answers a
join names n on n.unit_code = a.unit_code
left join clocks c on c.unit_code = a.unit_code
left join slowest s on s.unit_code = a.unit_code
left join eased e on e.unit_code = a.unit_code;
