import { lazy, Suspense } from "react";
import { isDepartmentOnly, useSession } from "../../app/session";
import { Loading } from "../../components/Loading";
import { CityOverview } from "./CityOverview";

const Portal = lazy(() => import("../portal/Portal"));

/** The first page: the city for those who run it, one's own unit for a department. */
export function OverviewPage() {
  const session = useSession();
  if (!isDepartmentOnly(session)) return <CityOverview />;
  return (
    <Suspense fallback={<Loading />}>
      <Portal />
    </Suspense>
  );
}
