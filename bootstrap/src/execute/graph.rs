//! The order of steps: each starts when all that it needs succeeded; after a failure, what stands on it is
//! skipped and the rest goes on.

use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// How a node of the graph ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End<T, E> {
    /// It succeeded, with this result.
    Done(T),
    /// It was tried, and failed.
    Failed(E),
    /// Not tried: this node, which it needs, did not succeed.
    Skipped(usize),
}

impl<T, E> End<T, E> {
    fn succeeded(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Runs all nodes; `needs[i]` are the nodes that node i needs, each smaller than i. `ended` is told of every end
/// as it comes. Gives all ends, by node.
pub async fn run<T, E, F: Future<Output = Result<T, E>>>(
    needs: &[Vec<usize>],
    start: impl Fn(usize) -> F,
    mut ended: impl FnMut(usize, &End<T, E>),
) -> Vec<End<T, E>> {
    let mut ends: Vec<Option<End<T, E>>> = needs.iter().map(|_| None).collect();
    let mut started = vec![false; needs.len()];
    let mut running = FuturesUnordered::new();
    loop {
        // Needs point backwards, so one pass settles whole chains of skipped nodes.
        for node in 0..needs.len() {
            if started[node] || ends[node].is_some() {
                continue;
            }
            let broken = needs[node].iter().find(|need| ends[**need].as_ref().is_some_and(|end| !end.succeeded()));
            if let Some(&cause) = broken {
                let end = End::Skipped(cause);
                ended(node, &end);
                ends[node] = Some(end);
            } else if needs[node].iter().all(|need| ends[*need].is_some()) {
                started[node] = true;
                let work = start(node);
                running.push(async move { (node, work.await) });
            }
        }
        let Some((node, result)) = running.next().await else { break };
        let end = match result {
            Ok(value) => End::Done(value),
            Err(error) => End::Failed(error),
        };
        ended(node, &end);
        ends[node] = Some(end);
    }
    ends.into_iter().map(|end| end.expect("needs point backwards, so every node ends")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn independent_nodes_run_side_by_side() {
        // Each of the two waits for the other: run one after the other, they would never end.
        let barrier = tokio::sync::Barrier::new(2);
        let ends = run(
            &[vec![], vec![], vec![0, 1]],
            |node| {
                let barrier = &barrier;
                async move {
                    if node < 2 {
                        barrier.wait().await;
                    }
                    Ok::<_, ()>(node)
                }
            },
            |_, _| {},
        )
        .await;
        assert_eq!(ends, vec![End::Done(0), End::Done(1), End::Done(2)]);
    }

    #[tokio::test]
    async fn a_failure_skips_what_stands_on_it_and_nothing_else() {
        let order = Mutex::new(Vec::new());
        let needs = [vec![], vec![0], vec![1], vec![], vec![3]];
        let ends = run(
            &needs,
            |node| {
                let order = &order;
                async move {
                    order.lock().expect("order").push(node);
                    if node == 0 { Err("broken") } else { Ok(()) }
                }
            },
            |_, _| {},
        )
        .await;
        let expected = vec![End::Failed("broken"), End::Skipped(0), End::Skipped(1), End::Done(()), End::Done(())];
        assert_eq!(ends, expected);
        assert!(!order.into_inner().expect("order").contains(&1));
    }
}
