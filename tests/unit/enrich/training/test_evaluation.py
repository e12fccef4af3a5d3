import json
from pathlib import Path

import pytest

from services.enrich.training.corpora import DataMissing
from services.enrich.training.evaluation.coreference import (
    average_precision,
    b_cubed,
    parse_webanno,
    read_coref,
)
from services.enrich.training.targets.dataset import read_targets

TSV = """#FORMAT=WebAnno TSV 3.2
#Summary1=(human1) Ann Lee won.

#Text=Ann Lee won .
1-1\t0-3\tAnn\tperson[1]\tnew[1]\tsssnn[1]\tAnn_Lee[1]\tcf1[1]\tcoref\t2-1[0_1]\t
1-2\t4-7\tLee\tperson[1]\tnew[1]\tsssnn[1]\tAnn_Lee[1]\tcf1[1]\t_\t_\t
1-3\t8-11\twon\t_\t_\t_\t_\t_\t_\t_\t
1-4\t12-13\t.\t_\t_\t_\t_\t_\t_\t_\t

#Text=She left a car
2-1\t14-17\tShe\tperson\tgiv:act\tsssnn\t_\tcf1\t_\t_\t
2-2\t18-22\tleft\t_\t_\t_\t_\t_\t_\t_\t
2-3\t23-24\ta\tobject[2]\tnew[2]\tnnnnn[2]\t_\tcf2[2]\t_\t_\t
2-4\t25-28\tcar\tobject[2]\tnew[2]\tnnnnn[2]\t_\tcf2[2]\t_\t_\t
"""


def test_chains_and_salience_are_read() -> None:
    document = parse_webanno(TSV)

    assert document.text == "Ann Lee won .\n\nShe left a car"
    ((chain, mentions),) = document.chains().items()
    assert [document.text[m.start : m.end] for m in mentions] == ["Ann Lee", "She"]
    assert [m.salience for m in mentions] == [3, 3]
    assert document.chain_at(0, 7) == document.chain_at(0, 3) == chain
    assert document.chain_at(8, 11) is None


def test_missing_articles_are_named_with_the_option_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="--data"):
        read_coref(tmp_path)
    with pytest.raises(DataMissing, match="--data"):
        read_targets(tmp_path, "newsmtsc")


def test_b_cubed_counts_for_each_mention_what_it_shares() -> None:
    assert b_cubed([(1, "a"), (1, "a"), (2, "b")]) == (100, 100, 100)
    assert b_cubed([(1, "a"), (1, "b")]) == pytest.approx((50, 100, 200 / 3))
    assert b_cubed([(1, "a"), (2, "a")])[:2] == (100, 50)


def test_average_precision_rewards_salient_ones_first() -> None:
    assert average_precision([True, False]) == 100
    assert average_precision([False, True]) == 50
    assert average_precision([False]) is None


def test_targets_are_found_in_tokens_and_held_out_by_sentence(tmp_path: Path) -> None:
    (tmp_path / "sentiment").mkdir()
    told = [
        {"sentence": f"Ann Lee {i} won.", "from": start, "to": 7, "label": "positive"}
        for i in range(40)
        for start in (0, 4)
    ]
    lines = [json.dumps(target) for target in told]
    (tmp_path / "sentiment" / "newsmtsc-train.jsonl").write_text("\n".join(lines))

    found = read_targets(tmp_path, "newsmtsc")

    assert [(t.first, t.last) for t in found[:2]] == [(0, 2), (1, 2)]
    assert all(a.held_out == b.held_out for a, b in zip(found[::2], found[1::2], strict=True))
    assert 0 < sum(t.held_out for t in found) < len(found)
