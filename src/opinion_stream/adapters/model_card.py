"""The model card of a trained category model: what it is for, how good it is, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CARD = """# 诉求分类模型（category model）

- 训练时间 trained at: {trained_at}
- 训练文件 training file: sha256 {training_file_sha256}，{texts} 条
- 类别 classes: {known}
- 未经训练的类别 categories it never saw: {outside}。
  词表对其有把握的，以词表为准；词表只是倾向的，转人工判定。
- 特征 features: {vocabulary_size} 个词的 TF-IDF（{segmentation} 分词，两字以上，不含数字），
  以及词表对各类别的得分占比；多项逻辑回归（{parameters_text}）
- 可信度 confidence: 温度校准的概率（温度 {temperature:.3f}）；
  低于 {threshold:.3f} 为“不能确定”，转人工判定

## 交叉验证 cross-validation

{repeats} 次 {folds} 折，分层随机；温度和门槛均由其他各折确定。
macro-F1、accuracy 按最佳猜测计，含“不能确定”的。

- macro-F1 {macro_f1:.4f}（各折标准差 {macro_f1_sd:.4f}）
- accuracy {accuracy:.4f}（各折标准差 {accuracy_sd:.4f}）
- 不能确定 unsure {unsure_share:.1%}，其余的准确率 accuracy on the rest {accuracy_on_rest:.4f}
- log loss {log_loss:.4f}，校准误差 expected calibration error {calibration_error:.4f}

| 类别 | 条数 | F1 |
|---|---|---|
{rows}

## 使用范围 use and limits

- 用于给公众诉求分派牵头单位；不用于评价、识别或检索个人。
- 词表（categories.yaml）的得分是特征之一：词表若是对照同一批文本编写的，上列数字会偏高，
  应以未参与编写和训练的文本复核（opinion-stream evaluate）。词表改动后应重新训练。
- 交叉验证未区分近似重复的文本；训练文本以外的渠道、地区、时期，准确率须另行核实。
- 文件中含训练文本的词语（至少见于 {min_texts} 条文本），应与训练文本同样保管。
- 校验和（SHA256SUMS）防损坏和混淆，不防有写权限者的篡改。
"""


def model_card(info: Mapping[str, Any]) -> str:
    """Markdown from the fields of `model.json` (`model_store.ModelInfo`)."""
    cv, counts = info["cross_validation"], info["texts_per_class"]
    rows = "\n".join(
        f"| {name} | {texts} | {cv['f1_per_class'].get(name, 0.0):.3f} |" for name, texts in counts.items()
    )
    fields = {
        **cv,
        **info,
        "texts": sum(counts.values()),
        "known": "、".join(info["classes"]),
        "outside": "、".join(name for name in info["categories"] if name not in info["classes"]) or "无",
        "parameters_text": "，".join(f"{name} {value:g}" for name, value in info["parameters"].items()),
        "min_texts": f"{info['parameters'].get('min_texts', 0):g}",
        "rows": rows,
    }
    return _CARD.format(**fields)
